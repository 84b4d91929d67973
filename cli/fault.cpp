// tidemark fault: makes a node of the running stack slow, wrong, silent or dead, for a while; `fault gate` is a TCP
// gate of its own (cli/fault_gate.cpp).
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/fault_gate.h"
#include "engine/core/words.h"
#include "engine/net/gate_rules.h"
#include "scenarios/shop/fault.h"
#include "scenarios/shop/stack_control.h"

namespace tidemark::cli {
namespace {

constexpr const char* kRoute = "/control/fault";

struct FaultArguments {
  std::string who, lasts, stack = "stack";
  std::vector<std::string> words;
  bool list = false, json = false;
};

std::string line_of(const nlohmann::json& state) {
  std::string text = fmt::format("{:<16} {}", state.value("node", ""), state.value("fault", ""));
  if (state.contains("from")) text += fmt::format("  ({} to {})", state.value("from", ""), state.value("to", ""));
  if (state.contains("left_ms")) text += fmt::format("  for another {:.1f} s", state["left_ms"].get<double>() / 1000);
  return text;
}

void print(const nlohmann::json& states, bool json) {
  if (json) {
    std::printf("%s\n", states.dump(2).c_str());
    return;
  }
  for (const auto& state : states) std::printf("%s\n", line_of(state).c_str());
}

// Every node that answers, with what is wrong with it; one that does not is said to be silent.
ExitCode list_faults(const shop::StackInfo& stack, bool json) {
  nlohmann::json states = nlohmann::json::array();
  bool all = true;
  for (const auto& node : stack.nodes) {
    const auto state = shop::order_node(stack, node, kRoute, "");
    all = all && state.has_value();
    states.push_back(state ? *state
                           : nlohmann::json{{"node", node.node}, {"fault", "does not answer: " + state.error().what}});
  }
  print(states, json);
  return all ? ExitCode::pass : ExitCode::environment;
}

Result<shop::FaultOrder> order_of(const FaultArguments& arguments) {
  shop::FaultOrder order{arguments.words, std::nullopt};
  if (arguments.lasts.empty()) return order;
  order.lasts = parse_duration(arguments.lasts);
  if (!order.lasts || *order.lasts < std::chrono::milliseconds(1) || *order.lasts > std::chrono::hours(24)) {
    return fail(ExitCode::usage, "--for", "'" + arguments.lasts + "' is not a time from 1ms to 24h", "--for 30s");
  }
  if (order.words == std::vector<std::string>{"kill"}) {
    return fail(ExitCode::usage, "--for", "a killed node does not come back", "leave out --for");
  }
  return order;
}

// The same reading as the node's own, so that nothing is sent when one word is wrong.
Result<void> check_words(const std::vector<observe::ScrapeTarget>& nodes, const std::vector<std::string>& words) {
  const bool gate = nodes.front().service == "gate";
  const auto rules = gate ? net::parse_gate_rules(words) : net::GateRules{};
  if (!rules) return tl::make_unexpected(rules.error());
  const auto fault = gate ? shop::Fault{} : shop::parse_fault(words);
  if (!fault) return tl::make_unexpected(fault.error());
  return {};
}

ExitCode fault(const FaultArguments& arguments) {
  if (arguments.list != arguments.who.empty() || (!arguments.list && arguments.words.empty())) {
    return print_error({ExitCode::usage, "fault", "say which node has which fault, or --list",
                        "tidemark fault product slow=50ms --for 30s, or tidemark fault product clear"});
  }
  const auto stack = shop::read_stack_info(arguments.stack);
  if (!stack) return print_error(stack.error());
  if (arguments.list) return list_faults(*stack, arguments.json);
  const auto nodes = shop::nodes_named(*stack, arguments.who);
  if (!nodes) return print_error(nodes.error());
  const auto order = order_of(arguments);
  if (!order) return print_error(order.error());
  if (const auto checked = check_words(*nodes, order->words); !checked) return print_error(checked.error());
  nlohmann::json states = nlohmann::json::array();
  ExitCode code = ExitCode::pass;
  for (const auto& node : *nodes) {
    const auto state = shop::order_node(*stack, node, kRoute, shop::to_text(*order));
    if (state) {
      states.push_back(*state);
    } else {
      code = print_error(state.error());  // the others get theirs all the same
    }
  }
  print(states, arguments.json);
  return code;
}

}  // namespace

void add_fault(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<FaultArguments>();
  auto* command =
      app.add_subcommand("fault", "make a node of a running stack slow, wrong, silent or dead, for a while");
  command->add_option("who", arguments->who, "a node (product-2), a service (product), or a gate (product:store)");
  command->add_option("fault", arguments->words,
                      "slow=50ms | slow=x3 | block=5ms | errors=0.2 | stall | kill | clear; "
                      "a gate: delay=20ms | reset=0.01 | slice=1..64B | down | clear");
  command->add_option("--for", arguments->lasts, "until then, such as 30s; without it until `clear`");
  command->add_option("--stack", arguments->stack, "folder of the running stack")->capture_default_str();
  command->add_flag("--list", arguments->list, "which node has which fault now");
  command->add_flag("--json", arguments->json, "for machines");
  command->require_subcommand(0, 1);
  command->footer(
      "What is given replaces what was there.\n"
      "Examples:\n"
      "  tidemark fault product slow=50ms errors=0.2 --for 30s --stack stack\n"
      "  tidemark fault store block=5ms            the store's disk hangs for 5 ms at each request\n"
      "  tidemark fault payment-1 stall            requests get no answer\n"
      "  tidemark fault product clear\n"
      "  tidemark fault product:store delay=20ms   with gates: [{from: product, to: store}] in the topology\n"
      "  tidemark fault --list\n"
      "  tidemark fault gate --to 127.0.0.1:8080 delay=20ms reset=0.01");
  add_fault_gate(*command, exit_code);
  command->callback([arguments, command, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = fault(*arguments);
  });
}

}  // namespace tidemark::cli
