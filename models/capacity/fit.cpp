#include "models/capacity/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "models/capacity/demand_fit.h"
#include "models/capacity/latency_fit.h"
#include "models/capacity/scaling_laws.h"
#include "models/capacity/service_fit.h"
#include "models/capacity/stage_data.h"

namespace tidemark::capacity {
namespace {

// Loads differ when the offered rate, to a percent, or the number of nodes that share it differs.
std::size_t distinct_loads(const Calibration& calibration) {
  std::set<std::pair<long, std::uint32_t>> loads;
  for (const auto& stage : calibration.stages) {
    std::uint32_t nodes = 0;
    for (const auto& [service, reading] : stage.services) nodes += reading.nodes;
    loads.emplace(std::lround(std::log(stage.flow_rate) * 100), nodes);
  }
  return loads.size();
}

std::map<std::string, double> measured_mix(const Calibration& calibration) {
  double all = 0;
  for (const auto& [flow, started] : calibration.flows) all += started;
  std::map<std::string, double> mix;
  for (const auto& [flow, started] : calibration.flows) mix[flow] = started / all;
  return mix;
}

void note_first_saturated(CapacityModel& model) {
  const LoadPoint* first = nullptr;
  std::string service;
  for (const auto& [name, fitted] : model.services) {
    for (const auto& point : fitted.points) {
      if (!point.saturated) continue;
      if (first == nullptr || point.flow_rate < first->flow_rate) first = &point, service = name;
    }
  }
  if (first == nullptr) {
    model.notes.push_back("no service was saturated: capacities beyond the highest stage are extrapolated");
    return;
  }
  model.notes.push_back(fmt::format("{} was the first to saturate: its slots, at {:.0f} flows/s with {} node{}",
                                    service, first->flow_rate, first->nodes, first->nodes == 1 ? "" : "s"));
}

// Where a pool was full, completions per second must be what the hold times allow; if not, something else was the
// limit.
void check_against_saturated(CapacityModel& model) {
  for (const auto& [name, fitted] : model.services) {
    double fastest = 0;
    for (const auto& point : fitted.points) {
      if (fitted.workers > 0 && point.busy_per_node >= 0.97 * fitted.workers) {
        fastest = std::max(fastest, point.rate_per_node);
      }
    }
    const double capacity = fitted.capacity_per_node.value;
    if (fastest > 0 && fitted.hold_waits.empty() && std::abs(fastest / capacity - 1) > 0.08) {
      model.notes.push_back(fmt::format("{}: full, a node completed {:.0f}/s, where its hold times allow {:.0f}/s",
                                        name, fastest, capacity));
    }
  }
}

}  // namespace

Result<CapacityModel> fit(const std::vector<record::RunRecord>& runs) {
  if (runs.empty()) return fail(ExitCode::usage, "fit", "no run directory given");
  std::vector<CalibrationRun> parts;
  for (const auto& run : runs) {
    auto part = read_calibration(run);
    if (!part) return tl::make_unexpected(part.error());
    parts.push_back(std::move(*part));
  }
  const Calibration calibration = pool(parts);
  const std::size_t loads = distinct_loads(calibration);
  if (loads < kFewestLoads) {
    return fail(ExitCode::undecided, "fit",
                fmt::format("{} distinct loads in {} run(s), at least {} are needed", loads, runs.size(), kFewestLoads),
                "calibrate with more load stages");
  }
  if (calibration.flows.empty() || calibration.visits.empty()) {
    return fail(ExitCode::undecided, "fit", "no node counted requests of the runs' flows",
                "tag the load, so that nodes count requests per flow");
  }
  CapacityModel model{.run_ids = calibration.run_ids, .mix = measured_mix(calibration), .notes = calibration.notes};
  std::set<std::string> names;
  for (const auto& stage : calibration.stages) {
    for (const auto& [service, reading] : stage.services) names.insert(service);
  }
  for (const auto& name : names) {
    auto fitted = fit_hold(name, calibration);
    if (fitted.points.empty() || fitted.hold_s.value <= 0) continue;  // never asked for anything
    model.services.emplace(name, std::move(fitted));
  }
  auto steps = fit_latency(model.services, calibration, model.notes);
  if (!steps) return tl::make_unexpected(steps.error());
  model.steps = std::move(*steps);
  for (auto& [name, fitted] : model.services) fit_and_choose_law(fitted);
  model.demand = fit_demand(model.services, calibration);
  note_first_saturated(model);
  check_against_saturated(model);
  return model;
}

}  // namespace tidemark::capacity
