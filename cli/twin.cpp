// tidemark twin: simulates a system under a load and writes a run directory.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/run_table.h"
#include "cli/stop_signal.h"
#include "cli/twin_like.h"
#include "engine/core/words.h"
#include "engine/schedule/arrivals.h"
#include "models/twin/run_directory.h"
#include "models/twin/system_file.h"

namespace tidemark::cli {
namespace {

struct TwinArguments {
  std::string system, scenario, duration, out, kind = "run";
  std::vector<std::string> parameters;
  std::optional<double> rate;
  bool even = false;
  std::uint64_t seed = 1;
  bool json = false, quiet = false;
  TwinLikeArguments like;  // instead of a system
};

struct Load {
  twin::System system;
  schedule::Scenario scenario;
  nlohmann::json resolved;  // null: the system's own flows
  std::vector<std::string> notes;
};

// The scenario's flows on the system, with --rate and --duration instead of its load, if given.
Result<Load> scenario_load(const TwinArguments& arguments, twin::System system) {
  const auto parameters = parameters_of(arguments.parameters);
  if (!parameters) return tl::make_unexpected(parameters.error());
  auto scenario = schedule::load_scenario(arguments.scenario, *parameters);
  if (!scenario) return tl::make_unexpected(scenario.error());
  Load load;
  auto mapped = twin::with_scenario(system, *scenario, load.notes);
  if (!mapped) return tl::make_unexpected(mapped.error());
  load.system = std::move(*mapped);
  load.resolved = schedule::to_json(*scenario);
  load.scenario = std::move(*scenario);
  return load;
}

Result<Load> plain_load(const TwinArguments& arguments, twin::System system) {
  const auto length = parse_duration(arguments.duration.empty() ? "60s" : arguments.duration);
  if (!length || *length <= Nanos{})
    return fail(ExitCode::usage, "--duration", "must be a time such as 30s, 10m or 24h");
  if (!(*arguments.rate > 0) || *arguments.rate > 1e8)
    return fail(ExitCode::usage, "--rate", "must be above 0 and at most 100,000,000 a second");
  Load load;
  load.scenario.name = system.name;
  for (const auto& flow : system.flows) load.scenario.flows.push_back({.name = flow.name, .weight = flow.weight});
  if (arguments.even) load.scenario.load.arrivals = schedule::Load::Arrivals::even;
  load.scenario.load.stages.push_back({Rate::per_second(*arguments.rate), Rate::per_second(*arguments.rate), *length});
  load.system = std::move(system);
  return load;
}

Result<Load> load_of(const TwinArguments& arguments) {
  auto system = twin::load_system(arguments.system);
  if (!system) return tl::make_unexpected(system.error());
  if (!arguments.scenario.empty() && (arguments.rate || !arguments.duration.empty() || arguments.even))
    return fail(ExitCode::usage, "twin",
                "the load is the scenario's: --rate, --duration and --even go without --scenario",
                "set the scenario's parameters with -e");
  if (!arguments.scenario.empty()) return scenario_load(arguments, std::move(*system));
  if (!arguments.rate)
    return fail(ExitCode::usage, "twin", "needs a load", "give --scenario FILE, or --rate R --duration D");
  return plain_load(arguments, std::move(*system));
}

void show(const twin::TwinProgress& progress) {
  std::fprintf(stderr, "\r%7.0f s of %.0f s: %.0f/s offered, %.0f/s ok, %.0f/s not   ", progress.now_s, progress.end_s,
               progress.rate, progress.ok_rate, progress.failed_rate);
}

// Compares instead of recording: what only one of the two needs is refused by the other.
ExitCode like(TwinArguments arguments) {
  if (!arguments.system.empty() || !arguments.scenario.empty() || arguments.rate || !arguments.out.empty()) {
    return print_error({ExitCode::usage, "twin", "--like takes system and load from the run and its model",
                        "leave out the system, --scenario, --rate and --out"});
  }
  arguments.like.seed = arguments.seed;
  arguments.like.json = arguments.json;
  return twin_like(arguments.like);
}

ExitCode run(const TwinArguments& arguments) {
  if (!arguments.like.run.empty()) return like(arguments);
  if (arguments.system.empty()) {
    return print_error({ExitCode::usage, "twin", "needs a system", "give its YAML file, or --like RUN --model FILE"});
  }
  if (arguments.kind != "run" && arguments.kind != "calibration")
    return print_error({ExitCode::usage, "--kind", "must be run or calibration", ""});
  auto load = load_of(arguments);
  if (!load) return print_error(load.error());
  auto arrivals = schedule::make_arrivals(load->scenario, arguments.seed);
  if (!arrivals) return print_error(arrivals.error());
  const auto text = schedule::read_scenario_text(arguments.system);
  if (!text) return print_error(text.error());
  const std::filesystem::path out =
      arguments.out.empty() ? stamped_dir("runs/twin") : std::filesystem::path(arguments.out);
  twin::TwinRunOptions options{.simulation = {.seed = arguments.seed, .window = {}},
                               .out = out,
                               .kind = arguments.kind,
                               .scenario = load->resolved,
                               .description = {{"system", load->system.name}, {"file", *text}},
                               .notes = load->notes};
  const bool shown = !arguments.json && !arguments.quiet;
  if (shown) options.progress = show;
  const auto& stop = install_stop_signal();
  options.stop = [&stop] { return stop.load() != 0; };
  const auto summary = twin::record_run(load->system, std::move(options), **arrivals);
  if (shown) std::fputs("\n", stderr);
  if (!summary) return print_error(summary.error());
  if (arguments.json) {
    std::printf("%s\n", nlohmann::json(*summary).dump(2).c_str());
  } else {
    std::fputs(run_table(*summary, out).c_str(), stdout);
  }
  return summary->stop_reason.empty() ? exit_code_of(*summary) : exit_code_of_signal(stop.load());
}

}  // namespace

void add_twin(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<TwinArguments>();
  auto* command = app.add_subcommand("twin", "simulate a chain of services under a load, guards included");
  command->add_option("system", arguments->system, "the system (YAML, docs/twin.md)");
  command->add_option("--scenario", arguments->scenario,
                      "its flows and its load; steps are those of the system by name");
  command->add_option("-e,--env", arguments->parameters, "KEY=VALUE for ${KEY} in the scenario; repeatable")
      ->allow_extra_args(false);
  command->add_option("--rate", arguments->rate, "without a scenario: flows a second of the system's own mix");
  command->add_option("--duration", arguments->duration, "without a scenario: of simulated time, such as 10m [60s]");
  command->add_flag("--even", arguments->even, "evenly spaced arrivals instead of Poisson's");
  command->add_option("--out", arguments->out, "run directory [runs/twin-TIME]");
  command->add_option("--seed", arguments->seed, "of arrivals, times and choices: equal seeds give equal bytes")
      ->capture_default_str();
  command->add_option("--kind", arguments->kind, "run or calibration, as the manifest says it")->capture_default_str();
  command->add_flag("--json", arguments->json, "print the summary, or the comparison, as JSON");
  command->add_flag("--quiet", arguments->quiet, "no progress");
  auto* like = command->add_option("--like", arguments->like.run,
                                   "simulate this recorded run from its fitted model and print the differences");
  auto* model =
      command->add_option("--model", arguments->like.model, "with --like: the model (tidemark fit)")->needs(like);
  command
      ->add_option("--calibration", arguments->like.calibration,
                   "with --like: run directories to fit the model to, instead of --model; repeatable")
      ->needs(like)
      ->excludes(model)
      ->allow_extra_args(false);
  command->add_option("--replicas", arguments->like.replicas, "with --like: simulations of the run, taken together")
      ->needs(like)
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->footer(
      "Nothing is sent: time is simulated. The output is a run directory; report and fit read it as a measured one.\n"
      "Examples:\n"
      "  tidemark twin scenarios/library/shop.twin.yaml --rate 150 --duration 60s --out runs/shop-twin\n"
      "  tidemark twin shop.twin.yaml --scenario scenarios/library/sale.yaml -e rate=200 --seed 7 --json\n"
      "  tidemark report runs/shop-twin\n"
      "  tidemark twin --like runs/at-the-knee --model model.json\n"
      "Exit codes: 0 done, 2 usage or configuration, 5 not written, 99 --like: further apart than allowed,\n"
      "130/143 signal (the record holds what was simulated)");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tidemark::cli
