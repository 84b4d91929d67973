// tidemark run: one load against one target, or against the bundled stack with its tag, its watermarks and its audit.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/run_arguments.h"
#include "cli/run_table.h"
#include "cli/stop_signal.h"
#include "engine/drive/wakeful_core.h"
#include "scenarios/shop/audit.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::cli {
namespace {

void audit_stack(const shop::StackInfo& stack, Summary& summary) {
  auto result = shop::audit(stack);
  if (!result) {
    summary.validity = "environment-limited";
    summary.validity_reasons.push_back("the audit could not read a store: " + result.error().message());
    return;
  }
  summary.audited = true;
  summary.leaks.insert(summary.leaks.end(), result->leaks.begin(), result->leaks.end());
}

// Target, nodes, tag key and audit of a running stack.
Result<void> use_stack(const std::string& dir, bool has_target, drive::RunOptions& options) {
  auto stack = shop::read_stack_info(dir);
  if (!stack) return tl::make_unexpected(std::move(stack.error()));
  if (!has_target) options.scenario.target = stack->edge_url;
  options.nodes = stack->nodes;
  options.signer = traffic::TagSigner(stack->tag_key);
  options.extra_manifest["topology"] = stack->topology_yaml;
  options.audit = [info = std::move(*stack)](Summary& summary) { audit_stack(info, summary); };
  return {};
}

ExitCode run(const RunArguments& arguments) {
  auto options = run_options(arguments);
  if (!options) return print_error(options.error());
  if (!arguments.stack_dir.empty()) {
    if (auto used = use_stack(arguments.stack_dir, !arguments.target.empty(), *options); !used)
      return print_error(used.error());
  }
  options->progress = progress_line(arguments.json || arguments.quiet);
  const auto& stop_signal = install_stop_signal();
  options->stop_signal = &stop_signal;
  const auto out_dir = options->out_dir;
  // A halted core of a virtual machine wakes up late, and a send with it (docs/decisions.md).
  const drive::WakefulCore awake(options->cpu);
  const auto summary = drive::run(std::move(*options));
  end_progress_line();
  if (!summary) return print_error(summary.error());
  if (arguments.json) {
    std::printf("%s\n", nlohmann::json(*summary).dump(2).c_str());
  } else {
    std::fputs(run_table(*summary, out_dir).c_str(), stdout);
  }
  const bool signalled = summary->stop_reason == "interrupted" || summary->stop_reason == "terminated";
  return signalled ? exit_code_of_signal(stop_signal.load()) : exit_code_of(*summary);
}

}  // namespace

void add_run(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<RunArguments>();
  auto* command = app.add_subcommand("run", "send a load to a target and measure it on three clocks");
  add_run_arguments(*command, *arguments);
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tidemark::cli
