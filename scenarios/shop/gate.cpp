// A fault gate as a node of the stack, where the topology declares one: everything that the nodes of one service send
// to another passes it, because it registers "<to>@<from>" and callers prefer that (discovery.h). Each connection goes
// to a node of the called service drawn uniformly. Its faults are the gate's (engine/net/gate_rules.h).
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/core/random.h"
#include "engine/core/words.h"
#include "engine/net/fault_gate.h"
#include "scenarios/shop/answers.h"
#include "scenarios/shop/cache_protocol.h"
#include "scenarios/shop/fault.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

struct GateNode {
  explicit GateNode(NodeConfig config)
      : node(std::move(config)),
        from(node.config().options.at("from")),
        to(node.config().options.at("to")),
        called(to == "cache" ? kCacheRespService : to),
        random(node.config().seed, "gate/" + node.config().name()),
        gate(
            node.io(), {}, [this] { return upstream(); }, node.config().seed),
        over(node.io().get_executor()) {}

  std::optional<net::Endpoint> upstream() {
    const auto& nodes = node.endpoints(called);
    if (nodes.empty()) return std::nullopt;
    return nodes[random.below(nodes.size())];
  }

  json state() const {
    json text{{"node", node.config().name()}, {"from", from}, {"to", to}, {"fault", to_words(gate.rules())}};
    if (until) {
      const Nanos left = std::max(Nanos{0}, *until - Clock::now());
      text["left_ms"] = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    }
    return text;
  }

  Result<void> begin(const net::GateRules& rules, std::optional<Nanos> lasts) {
    if (const auto set = gate.set(rules); !set) return set;
    node.log("warning", "", rules.none() ? "fault over" : "fault set",
             {{"fault", to_words(rules)}, {"from", from}, {"to", to}});
    over.cancel();
    until = lasts && !rules.none() ? std::optional(Clock::now() + *lasts) : std::nullopt;
    if (until) {
      over.expires_at(*until);
      over.async_wait([this](const net::ErrorCode& cancelled) {
        if (!cancelled && until && Clock::now() >= *until) begin({}, std::nullopt);
      });
    }
    return {};
  }

  net::Response order(const net::Request& request) {
    const auto wanted = parse_fault_order(request.body);
    if (!wanted) return refuse(400, "bad-order", wanted.error().message());
    const auto rules = net::parse_gate_rules(wanted->words);
    if (!rules) return refuse(400, "bad-order", rules.error().message());
    if (const auto begun = begin(*rules, wanted->lasts); !begun) return refuse(500, "gate", begun.error().message());
    return net::Response::json(200, state().dump());
  }

  void show() {
    const auto& rules = gate.rules();
    const auto& counts = gate.counters();
    const auto set = [this](const char* name, double value) { *node.counter(name) = value; };
    set("fault_now", rules.none() ? 0 : 1);
    set("gate_delay_us_now", to_micros(rules.delay));
    set("gate_reset_share_now", rules.reset);
    set("gate_slice_max_now", rules.slice_max);
    set("gate_down_now", rules.down ? 1 : 0);
    set("gate_connections_now", static_cast<double>(gate.connections()));
    set("gate_connections", static_cast<double>(counts.accepted));
    set("gate_refused", static_cast<double>(counts.refused));
    set("gate_unreachable", static_cast<double>(counts.unreachable));
    set("gate_resets", static_cast<double>(counts.resets));
    set("gate_bytes_up", static_cast<double>(counts.bytes_up));
    set("gate_bytes_down", static_cast<double>(counts.bytes_down));
    set("gate_writes", static_cast<double>(counts.writes));
  }

  NodeRuntime node;
  const std::string from, to, called;
  Random random;
  net::FaultGate gate;
  net::Timer over;
  std::optional<Instant> until;
};

}  // namespace

ExitCode run_gate(NodeConfig config, int ready_fd) {
  GateNode gate(std::move(config));
  const auto port = gate.gate.listen("127.0.0.1", 0);
  if (!port) {
    gate.node.log("error", "", port.error().message());
    return port.error().code;
  }
  gate.node.advertise(gate.called + "@" + gate.from, {"127.0.0.1", *port});
  gate.node.before_watermark([&gate] { gate.show(); });
  gate.node.control_route("GET", "/control/fault", [&gate](net::Request) -> net::Task<net::Response> {
    co_return net::Response::json(200, gate.state().dump());
  });
  gate.node.control_route("POST", "/control/fault",
                          [&gate](net::Request request) -> net::Task<net::Response> { co_return gate.order(request); });
  return gate.node.run(ready_fd);
}

}  // namespace tidemark::shop
