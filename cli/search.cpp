// tidemark search: the highest rate that meets an SLO, found unattended, with an interval.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/live_outputs.h"
#include "cli/run_arguments.h"
#include "cli/search_table.h"
#include "cli/stack_target.h"
#include "cli/stop_signal.h"
#include "engine/record/run_reader.h"
#include "engine/schedule/value_reader.h"
#include "models/search/search_json.h"
#include "reports/report.h"
#include "scenarios/search/run_search.h"
#include "scenarios/search/stack_pin.h"

namespace tidemark::cli {
namespace {

struct SearchArguments {
  RunArguments run;  // scenario, target, stack, parameters, seed, connections, timeout, core
  search::SearchOptions search;
  std::string slo, step_duration, within;
};

Result<double> seconds_of(const std::string& option, const std::string& text, double otherwise) {
  if (text.empty()) return otherwise;
  const auto duration = schedule::parse_duration(text);
  if (duration && *duration >= std::chrono::seconds(3)) return to_seconds(*duration);
  return fail(ExitCode::usage, option, "'" + text + "' is not a duration of 3 s or more", "write 24s or 5m");
}

// What CLI11 cannot check by itself.
Result<search::SearchOptions> checked_options(const SearchArguments& arguments) {
  auto options = arguments.search;
  const auto slo = capacity::parse_slo(arguments.slo);
  if (!slo) return tl::make_unexpected(slo.error());
  options.slo = *slo;
  const auto probe_s = seconds_of("--step-duration", arguments.step_duration, options.probe_s);
  if (!probe_s) return tl::make_unexpected(probe_s.error());
  options.probe_s = *probe_s;
  const auto within_s = seconds_of("--within", arguments.within, options.within_s);
  if (!within_s) return tl::make_unexpected(within_s.error());
  options.within_s = *within_s;
  if (options.min_rate >= options.max_rate) {
    return fail(ExitCode::usage, "--min", "is not below --max", "give a range to search in");
  }
  return options;
}

// Every probe's run: run_options() of `tidemark run`, with a rate that each probe replaces.
Result<drive::RunOptions> probe_run(const SearchArguments& arguments, const search::SearchOptions& search) {
  RunArguments run = arguments.run;
  run.rate = search.min_rate;
  auto options = run_options(run);
  if (!options) return options;
  if (options->scenario.timeout <=
      std::chrono::duration_cast<Nanos>(std::chrono::duration<double, std::micro>(search.slo.limit_us))) {
    return fail(ExitCode::usage, "--timeout", "requests time out before they could break the SLO",
                "give a --timeout well above the SLO's limit");
  }
  return options;
}

Result<std::filesystem::path> write_page(const std::filesystem::path& run_dir, const std::filesystem::path& dir) {
  auto run = record::read_run(run_dir);
  if (!run) return tl::make_unexpected(run.error());
  report::ReportInput input{.run = std::move(*run), .title = "tidemark search: the probe nearest to the limit"};
  const auto file = dir / "report.html";
  if (const auto written = report::write_report(input, file); !written) return tl::make_unexpected(written.error());
  return file;
}

// After the last probe: did tagged work reach a live store?
ExitCode audit_after(const shop::StackInfo& stack, ExitCode code) {
  Summary summary;
  audit_stack(stack, summary);
  for (const auto& leak : summary.leaks)
    std::fprintf(stderr, "leak      %s: %s\n", leak.where.c_str(), leak.what.c_str());
  if (!summary.audited) std::fprintf(stderr, "audit     %s\n", summary.validity_reasons.front().c_str());
  return summary.leaks.empty() ? code : ExitCode::gate_failed;
}

ExitCode print_outcome(const SearchArguments& arguments, const search::SearchOptions& options,
                       const search::SearchOutcome& outcome, const std::filesystem::path& dir) {
  auto json = search::to_json(options, arguments.slo, outcome.taken, outcome.result);
  if (!outcome.nearest.empty()) {
    if (const auto page = write_page(outcome.nearest, dir); page) json["report"] = page->string();
  }
  if (const auto written = write_json_file(dir / "search.json", json); !written) return print_error(written.error());
  if (arguments.run.json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    std::printf("%s\n", search_result(outcome.result, arguments.slo).c_str());
    std::printf("  %zu probes, %.0f s of load; record: %s\n", outcome.taken.size(), json["load_s"].get<double>(),
                dir.c_str());
    if (json.contains("report"))
      std::printf("  report of the probe nearest to it: %s\n", json["report"].get<std::string>().c_str());
  }
  return exit_code_of(outcome.result);
}

ExitCode search_for(const SearchArguments& arguments) {
  const auto search = checked_options(arguments);
  if (!search) return print_error(search.error());
  auto run = probe_run(arguments, *search);
  if (!run) return print_error(run.error());
  std::optional<shop::StackInfo> stack;
  std::optional<search::StackPin> pin;
  if (!arguments.run.stack_dir.empty()) {
    auto info = use_stack(arguments.run.stack_dir, !arguments.run.target.empty(), *run);
    if (!info) return print_error(info.error());
    std::vector<int> pids;
    for (const auto& node : info->nodes) pids.push_back(node.pid);
    if (run->cpu < 0) run->cpu = pin.emplace(pids).generator_core();
    stack = std::move(*info);
  }
  if (arguments.run.progress.stream == "-") {
    return print_error(
        {ExitCode::usage, "--stream -", "standard output is for the search's result", "name a file or a FIFO"});
  }
  auto outputs = LiveOutputs::open(arguments.run.progress, arguments.run.json || arguments.run.quiet);
  if (!outputs) return print_error(outputs.error());
  const auto& stop_signal = install_stop_signal();
  run->stop_signal = &stop_signal;

  search::RunSearchOptions options{
      .search = *search, .run = std::move(*run), .dir = {}, .after_probe = {}, .probe_progress = {}};
  options.dir = arguments.run.out_dir.empty() ? stamped_dir("search") : std::filesystem::path(arguments.run.out_dir);
  options.probe_progress = [&, show = (*outputs)->progress()](const search::Probe& probe,
                                                              const drive::Progress& progress) {
    (*outputs)->note(
        fmt::format("probe {}, {}: {:.1f} flows/s against {}", probe.number, probe.purpose, probe.rate, arguments.slo));
    show(progress);
  };
  if (!arguments.run.json) {
    std::printf("%s\n", probe_heading().c_str());
    std::fflush(stdout);
    options.after_probe = [&](const search::Search::Taken& taken) {
      (*outputs)->clear();
      std::printf("%s\n", probe_line(taken, 1 - search->slo.quantile).c_str());
      std::fflush(stdout);
    };
  }
  const auto outcome = search::run_search(options);
  (*outputs)->end();
  if (!outcome) return print_error(outcome.error());
  const ExitCode code = print_outcome(arguments, *search, *outcome, options.dir);
  if (stop_signal.load() != 0) return exit_code_of_signal(stop_signal.load());
  return stack ? audit_after(*stack, code) : code;
}

void add_options(CLI::App& command, SearchArguments& arguments) {
  auto& run = arguments.run;
  auto& search = arguments.search;
  command.add_option("scenario", run.scenario_file,
                     "scenario file (YAML), its load replaced; without one, --target is sent GET requests");
  command.add_option("--slo", arguments.slo, "what must hold for every step: p99=86ms; p50, p90, p95, p99, p99.9")
      ->required();
  command.add_option("--target", run.target, "URL to send to; replaces the scenario's target");
  command.add_option("--stack", run.stack_dir,
                     "a running stack's folder; its nodes keep to one core while the search lasts");
  add_target_arguments(command, run);
  command.add_option("--min", search.min_rate, "flows per second to begin with")
      ->check(CLI::Range(0.1, 1e7))
      ->capture_default_str();
  command.add_option("--max", search.max_rate, "never more flows per second than this")
      ->check(CLI::Range(0.1, 1e7))
      ->capture_default_str();
  command.add_option("--step-duration", arguments.step_duration,
                     "measuring time of a probe near the limit (default 24s)");
  command.add_option("--precision", search.precision, "aim: half of the 95 % interval over the rate")
      ->check(CLI::Range(0.005, 0.5))
      ->capture_default_str();
  command.add_option("--within", arguments.within,
                     "time of load in all; then the result is what is known (default 8m)");
  command.add_option("--connections", run.connections, "at most so many")->check(CLI::Range(1U, 10'000'000U));
  command.add_option("--arrivals", run.arrivals, "poisson (default) or even")
      ->check(CLI::IsMember({"poisson", "even"}));
  command.add_option("--timeout", run.timeout, "a request without a whole answer by then has failed (default 30s)");
  command.add_option("-e,--env", run.parameters, "KEY=VALUE for ${KEY} in the scenario; repeatable")
      ->allow_extra_args(false);
  command.add_option("--seed", run.seed, "of every probe's arrivals and data")->capture_default_str();
  command.add_option("--out", run.out_dir,
                     "folder for search.json and a run directory a probe (default runs/search-<time>)");
  command.add_option("--cpu", run.cpu, "run the generator on this core alone")->check(CLI::Range(0, 4095));
  command.add_flag("--json", run.json, "print search.json instead of tables, and no progress");
  command.add_flag("--quiet", run.quiet, "as --progress none");
  add_progress_arguments(command, run.progress);
}

}  // namespace

void add_search(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<SearchArguments>();
  auto* command = app.add_subcommand("search", "find the highest rate that meets an SLO");
  add_options(*command, *arguments);
  command->footer(
      "Exit codes: 0 found, or held at --max; 99 missed at --min; 7 undecided when the time was up; 6 the generator or "
      "the\n"
      "machine was the limit, so that no rate is told; 130/143 signal.\n"
      "Examples:\n"
      "  tidemark search scenarios/library/sale.yaml --stack ./stack --slo p99=86ms\n"
      "  tidemark search --target http://127.0.0.1:8080/ --slo p95=20ms --min 100 --max 20000\n"
      "  tidemark search sale.yaml --stack ./stack --slo p99=86ms --precision 0.02 --within 10m --json");
  command->callback([arguments, &exit_code] { exit_code = search_for(*arguments); });
}

}  // namespace tidemark::cli
