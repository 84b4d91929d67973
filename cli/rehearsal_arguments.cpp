#include "cli/rehearsal_arguments.h"

#include <cstdio>

#include "cli/console.h"
#include "cli/stop_signal.h"
#include "scenarios/library.h"

namespace tidemark::cli {

void add_rehearsal_arguments(CLI::App& command, RehearsalArguments& arguments) {
  command.add_option("--scenario", arguments.scenario_file, "flows to send; default: the bundled sale");
  command.add_option("--topology", arguments.topology_file, "topology file; default: the bundled one");
  command.add_option("--seed", arguments.seed, "seed of arrivals and service times")->capture_default_str();
  command.add_option("--out", arguments.out, "folder for everything; default runs/" + command.get_name() + "-<time>");
  command.add_flag("--json", arguments.json, "print the result as JSON");
  command.add_flag("--quiet", arguments.quiet, "as --progress none");
  add_progress_arguments(command, arguments.progress);
}

Result<Rehearsal> rehearsal_of(const RehearsalArguments& arguments, const std::string& command_name) {
  auto scenario = arguments.scenario_file.empty()
                      ? schedule::parse_scenario(std::string(scenarios::sale_yaml()), "sale.yaml", {})
                      : schedule::load_scenario(arguments.scenario_file, {});
  if (!scenario) return tl::make_unexpected(scenario.error());
  if (arguments.progress.stream == "-") {
    return fail(ExitCode::usage, "--stream -", "standard output is for the result of " + command_name,
                "name a file or a FIFO");
  }
  auto outputs = LiveOutputs::open(arguments.progress, arguments.quiet || arguments.json);
  if (!outputs) return tl::make_unexpected(outputs.error());
  shop::RehearsalOptions options;
  options.scenario = std::move(*scenario);
  options.topology = shop::default_topology();
  if (!arguments.topology_file.empty()) {
    auto topology = shop::load_topology(arguments.topology_file);
    if (!topology) return tl::make_unexpected(topology.error());
    options.topology = std::move(*topology);
  }
  const Cores cores = split_cores();
  options.topology.cpu = cores.stack;
  options.topology.seed = arguments.seed;
  options.generator_cpu = cores.generator;
  options.dir = arguments.out.empty() ? stamped_dir(command_name) : std::filesystem::path(arguments.out);
  options.seed = arguments.seed;
  options.progress = (*outputs)->progress();
  if (!arguments.json) {
    options.say = [raw = outputs->get()](const std::string& line) {
      raw->clear();
      std::printf("  %s\n", line.c_str());
      std::fflush(stdout);
    };
  }
  options.stop_signal = &install_stop_signal();
  std::error_code error;
  std::filesystem::create_directories(options.dir, error);
  if (error) return fail(ExitCode::environment, options.dir.string(), error.message(), "give another --out");
  return Rehearsal{.options = std::move(options), .outputs = std::move(*outputs)};
}

}  // namespace tidemark::cli
