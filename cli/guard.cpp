// tidemark guard: shows what protects the nodes of a running stack, and changes it while they run.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/stack_control.h"

namespace tidemark::cli {
namespace {

constexpr const char* kRoute = "/control/guard";

struct GuardArguments {
  std::string who = "all", stack = "stack";
  std::vector<std::string> changes;
  bool json = false;
};

Result<std::vector<observe::ScrapeTarget>> nodes_of(const shop::StackInfo& stack, const std::string& who) {
  if (who != "all") return shop::nodes_named(stack, who);
  std::vector<observe::ScrapeTarget> nodes;
  for (const auto& node : stack.nodes) {
    if (node.service != "gate") nodes.push_back(node);
  }
  return nodes;
}

void print(const nlohmann::json& states, bool json) {
  if (json) {
    std::printf("%s\n", states.dump(2).c_str());
    return;
  }
  for (const auto& state : states) {
    const auto& guard = state["guard"];
    std::printf("%-16s %s\n", state.value("node", "").c_str(),
                guard.empty() ? "nothing declared" : guard.dump().c_str());
    for (const auto& [name, value] : state["now"].items())
      std::printf("  %-32s %s\n", name.c_str(), value.dump().c_str());
  }
}

// Asks (no patch) or changes every node; what one refuses does not keep the others from theirs.
ExitCode order_all(const GuardArguments& arguments, const std::string& patch) {
  const auto stack = shop::read_stack_info(arguments.stack);
  if (!stack) return print_error(stack.error());
  const auto nodes = nodes_of(*stack, arguments.who);
  if (!nodes) return print_error(nodes.error());
  nlohmann::json states = nlohmann::json::array();
  ExitCode code = ExitCode::pass;
  for (const auto& node : *nodes) {
    const auto state = shop::order_node(*stack, node, kRoute, patch);
    if (state) {
      states.push_back(*state);
    } else {
      code = print_error(state.error());
    }
  }
  print(states, arguments.json);
  return code;
}

struct DegradeArguments {
  std::string step, hold, who = "gateway", stack = "stack";
};

ExitCode degrade(const DegradeArguments& arguments) {
  const auto stack = shop::read_stack_info(arguments.stack);
  if (!stack) return print_error(stack.error());
  const auto nodes = shop::nodes_named(*stack, arguments.who);
  if (!nodes) return print_error(nodes.error());
  const std::string order = nlohmann::json{{"step", arguments.step}, {"hold", arguments.hold}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  ExitCode code = ExitCode::pass;
  for (const auto& node : *nodes) {
    const auto state = shop::order_node(*stack, node, "/control/degrade", order);
    if (!state) {
      code = print_error(state.error());
      continue;
    }
    for (const auto& [step, taken] : (*state)["taken"].items()) {
      std::printf("%-16s %-16s %s\n", node.node.c_str(), step.c_str(), taken.get<bool>() ? "taken" : "not taken");
    }
  }
  return code;
}

ExitCode set(const GuardArguments& arguments) {
  const auto patch = shop::guard_patch(arguments.changes);
  if (!patch) return print_error(patch.error());
  return order_all(arguments, patch->dump());
}

}  // namespace

void add_guard(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<GuardArguments>();
  auto* command = app.add_subcommand("guard", "limiters, breakers, pools and degrade steps of a running stack");
  command->require_subcommand(1);
  const auto add = [&](const char* word, const char* help) {
    auto* action = command->add_subcommand(word, help);
    action->add_option("who", arguments->who, "a node (product-2), a service (product), or all")->capture_default_str();
    action->add_option("--stack", arguments->stack, "folder of the running stack")->capture_default_str();
    action->add_flag("--json", arguments->json, "for machines");
    return action;
  };
  add("show", "what is declared, and how it stands")->callback([arguments, &exit_code] {
    exit_code = order_all(*arguments, "");
  });
  auto* change = add("set", "change settings while the nodes run; docs/guards.md names them");
  change->add_option("changes", arguments->changes, "FIELD=VALUE, dots between the parts; FIELD=off takes it away")
      ->required();
  change->callback([arguments, &exit_code] { exit_code = set(*arguments); });
  command->footer(
      "Examples:\n"
      "  tidemark guard show gateway --stack stack\n"
      "  tidemark guard set product limiter.kind=tide\n"
      "  tidemark guard set all calls.timeout=100ms breaker.kind=sequential\n"
      "  tidemark guard set gateway edge.rate=450 'lists.deny=[\"203.0.113.0/24\"]'\n"
      "  tidemark guard set gateway buffer.mode=queue\n"
      "  tidemark guard set product limiter=off\n"
      "  tidemark guard degrade browse-cached on            whatever the signals say; off; auto again");
  auto held = std::make_shared<DegradeArguments>();
  auto* step = command->add_subcommand("degrade", "take or undo a step of the degrade plan by hand");
  step->add_option("step", held->step, "as the plan names it")->required();
  step->add_option("hold", held->hold, "on, off, or auto: as its signal says")->required();
  step->add_option("--who", held->who, "a node or a service")->capture_default_str();
  step->add_option("--stack", held->stack, "folder of the running stack")->capture_default_str();
  step->callback([held, &exit_code] { exit_code = degrade(*held); });
}

}  // namespace tidemark::cli
