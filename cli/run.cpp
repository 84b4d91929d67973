// tidemark run: one load against one target, or against the bundled stack with its tag, its watermarks and its audit.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/live_outputs.h"
#include "cli/run_arguments.h"
#include "cli/run_table.h"
#include "cli/stack_target.h"
#include "cli/stop_signal.h"
#include "engine/drive/trace.h"
#include "engine/drive/wakeful_core.h"

namespace tidemark::cli {
namespace {

ExitCode trace(const RunArguments& arguments, drive::RunOptions options) {
  options.stop_signal = &install_stop_signal();
  const auto held = drive::trace(std::move(options), arguments.flow, [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  });
  if (!held) return print_error(held.error());
  return *held ? ExitCode::pass : ExitCode::gate_failed;
}

ExitCode run(const RunArguments& arguments) {
  auto options = run_options(arguments);
  if (!options) return print_error(options.error());
  if (!arguments.stack_dir.empty()) {
    auto stack = use_stack(arguments.stack_dir, !arguments.target.empty(), *options);
    if (!stack) return print_error(stack.error());
    options->audit = [info = std::move(*stack)](Summary& summary) { audit_stack(info, summary); };
  }
  if (arguments.trace) return trace(arguments, std::move(*options));
  if (arguments.json && arguments.progress.stream == "-") {
    return print_error({ExitCode::usage, "run", "--json and --stream - both want standard output",
                        "leave out --json: the stream's last line holds the summary"});
  }
  auto outputs = LiveOutputs::open(arguments.progress, arguments.json || arguments.quiet);
  if (!outputs) return print_error(outputs.error());
  options->progress = (*outputs)->progress();
  const auto& stop_signal = install_stop_signal();
  options->stop_signal = &stop_signal;
  const auto out_dir = options->out_dir;
  // A halted core of a virtual machine wakes up late, and a send with it (docs/decisions.md).
  const drive::WakefulCore awake(options->cpu);
  const auto summary = drive::run(std::move(*options));
  (*outputs)->end(summary ? &*summary : nullptr);
  if (!summary) return print_error(summary.error());
  if (arguments.json) {
    std::printf("%s\n", nlohmann::json(*summary).dump(2).c_str());
  } else {
    std::fputs(run_table(*summary, out_dir).c_str(), (*outputs)->owns_stdout() ? stderr : stdout);
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
