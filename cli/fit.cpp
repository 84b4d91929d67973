// tidemark fit: run directories in, capacity model out.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "engine/record/run_reader.h"
#include "models/capacity/fit.h"

namespace tidemark::cli {
namespace {

struct FitArguments {
  std::vector<std::string> runs;
  std::string out;
  bool json = false;
};

void print_services(const capacity::CapacityModel& model) {
  std::printf("%-13s %7s %9s %6s %28s  %-12s %s\n", "service", "workers", "hold ms", "cv", "capacity per node /s",
              "law", "why");
  for (const auto& [name, service] : model.services) {
    const auto& capacity = service.capacity_per_node;
    const std::string range =
        capacity.value > 0 ? fmt::format("{:.0f} ({:.0f} to {:.0f})", capacity.value, capacity.low, capacity.high)
                           : "unknown";
    std::printf("%-13s %7u %9.2f %6.2f %28s  %-12s %s%s\n", name.c_str(), service.workers, service.hold_s.value * 1000,
                service.hold_cv, range.c_str(), service.chosen.c_str(), service.reason.c_str(),
                service.scales_out ? "" : "; does not scale out");
  }
}

void print_demand(const capacity::CapacityModel& model) {
  std::printf("\n%-10s %-13s %7s %28s %11s\n", "flow", "service", "visits", "slot ms per flow", "CPU ms");
  for (const auto& [flow, services] : model.demand) {
    for (const auto& [name, demand] : services) {
      const auto& busy = demand.busy_s;
      std::printf("%-10s %-13s %7.2f %28s %11.3f\n", flow.c_str(), name.c_str(), demand.visits,
                  fmt::format("{:.2f} ({:.2f} to {:.2f})", busy.value * 1e3, busy.low * 1e3, busy.high * 1e3).c_str(),
                  demand.cpu_s.value * 1e3);
    }
  }
}

void print_steps(const capacity::CapacityModel& model) {
  std::printf("\n%-12s %-10s %38s\n", "step", "flow", "where nobody waits: p50, p95, p99 ms");
  for (const auto& step : model.steps) {
    const auto at = [&step](double q) { return static_cast<double>(step.base.quantile(q)) / 1000; };
    std::printf("%-12s %-10s %38s\n", step.step.c_str(), step.flow.c_str(),
                fmt::format("{:.1f}, {:.1f}, {:.1f}", at(0.5), at(0.95), at(0.99)).c_str());
  }
  for (const auto& note : model.notes) std::printf("note: %s\n", note.c_str());
}

ExitCode fit(const FitArguments& arguments) {
  std::vector<record::RunRecord> runs;
  for (const auto& dir : arguments.runs) {
    auto run = record::read_run(dir);
    if (!run) return print_error(run.error());
    runs.push_back(std::move(*run));
  }
  const auto model = capacity::fit(runs);
  if (!model) return print_error(model.error());
  const auto json = capacity::to_json(*model);
  if (!arguments.out.empty()) {
    const auto written = write_json_file(arguments.out, json);
    if (!written) return print_error(written.error());
  }
  if (arguments.json) {
    std::printf("%s\n", json.dump(2).c_str());
    return ExitCode::pass;
  }
  print_services(*model);
  print_demand(*model);
  print_steps(*model);
  if (!arguments.out.empty()) std::printf("model: %s\n", arguments.out.c_str());
  return ExitCode::pass;
}

}  // namespace

void add_fit(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<FitArguments>();
  auto* command = app.add_subcommand("fit", "learn a capacity model from calibration runs");
  command->add_option("runs", arguments->runs, "run directories of a step-load calibration")->required();
  command->add_option("--out", arguments->out, "write the model here (docs/model.md)");
  command->add_flag("--json", arguments->json, "print the model as JSON");
  command->footer(
      "Reads measurements only, never what a topology declares. Fewer than 6 distinct loads: exit 7.\n"
      "Examples:\n"
      "  tidemark fit runs/demo/calibration-1 runs/demo/calibration-2 runs/demo/calibration-3 --out model.json\n"
      "  tidemark fit runs/demo/calibration-? --json");
  command->callback([arguments, &exit_code] { exit_code = fit(*arguments); });
}

}  // namespace tidemark::cli
