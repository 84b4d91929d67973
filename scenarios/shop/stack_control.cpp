#include "scenarios/shop/stack_control.h"

#include <algorithm>
#include <set>

#include "engine/core/words.h"
#include "engine/net/http_client.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/topology.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds kPatience{5};

// FROM:TO of gate-1, gate-2, ...
std::vector<std::string> gate_names(const StackInfo& stack) {
  std::vector<std::string> names;
  if (const auto topology = parse_topology(stack.topology_yaml, "stack.json: topology_yaml")) {
    for (const auto& gate : topology->gates) names.push_back(gate.from + ":" + gate.to);
  }
  return names;
}

}  // namespace

Result<std::vector<observe::ScrapeTarget>> nodes_named(const StackInfo& stack, const std::string& name) {
  const auto gates = gate_names(stack);
  std::string meant = name;
  if (const auto gate = std::find(gates.begin(), gates.end(), name); gate != gates.end()) {
    meant = "gate-" + std::to_string(gate - gates.begin() + 1);
  }
  std::vector<observe::ScrapeTarget> found;
  std::set<std::string> known(gates.begin(), gates.end());
  for (const auto& node : stack.nodes) {
    if (node.node == meant || node.service == meant) found.push_back(node);
    known.insert({node.node, node.service});
  }
  if (!found.empty()) return found;
  const std::vector<std::string> words(known.begin(), known.end());
  return fail(ExitCode::usage, name, "no such node or service in this stack" + did_you_mean(name, words),
              name.find(':') == std::string::npos
                  ? ""
                  : "a gate between two services is declared in the topology: gates: [{from: product, to: store}]");
}

Result<json> order_node(const StackInfo& stack, const observe::ScrapeTarget& node, const std::string& route,
                        const std::string& body) {
  net::Request request;
  request.method = body.empty() ? "GET" : "POST";
  request.target = route;
  request.body = body;
  request.headers.set(kControlHeader, stack.control_key);
  const auto answer = net::call_blocking(node.endpoint, std::move(request), kPatience);
  if (answer.status != net::CallResult::Status::ok) return fail(ExitCode::environment, node.node, answer.error);
  const json text = json::parse(answer.response.body, nullptr, false);
  if (answer.response.status == 200 && text.is_object()) return text;
  if (answer.response.status == 400 && text.is_object()) {
    return fail(ExitCode::usage, node.node, text.value("what", answer.response.body), text.value("advice", ""));
  }
  return fail(ExitCode::environment, node.node,
              "answered " + std::to_string(answer.response.status) + ": " + answer.response.body.substr(0, 200));
}

}  // namespace tidemark::shop
