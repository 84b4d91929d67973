#include "models/capacity/latency_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/capacity/distribution.h"
#include "models/capacity/least_squares.h"
#include "models/capacity/queueing.h"
#include "models/capacity/service_fit.h"
#include "models/capacity/wait_simulation.h"

namespace tidemark::capacity {
namespace {

constexpr double kLightWait = 0.3;   // stages in which at most this share of arrivals wait give the base
constexpr double kNoWait = 1e-3;     // a smaller share of arrivals that wait is none
constexpr double kCvUnknown = 0.75;  // middle of what services show, where nothing waited and no step tells; sd 0.25
constexpr double kCvUnknownSe = 0.25;
constexpr double kDominates =
    0.6;  // share of a step's mean that a service must hold for the step to tell its variability

using Services = std::map<std::string, ServiceModel>;

double waiting_share(const ServiceReading& reading) {
  return reading.workers == 0 ? 0
                              : erlang_c(reading.workers, std::min(reading.busy_per_node(), 0.999 * reading.workers));
}

bool light(const Stage& stage) {
  return steady(stage) && std::all_of(stage.services.begin(), stage.services.end(),
                                      [](const auto& entry) { return waiting_share(entry.second) <= kLightWait; });
}

// The stages from which a step's base is taken: all light ones, or the lightest steady one.
std::vector<const Stage*> base_stages(const std::string& step, const Calibration& calibration,
                                      std::vector<std::string>& notes) {
  std::vector<const Stage*> result;
  const Stage* lightest = nullptr;
  for (const auto& stage : calibration.stages) {
    const auto found = stage.response.find(step);
    if (found == stage.response.end() || found->second.total() == 0 || !steady(stage)) continue;
    if (light(stage)) result.push_back(&stage);
    if (lightest == nullptr || stage.flow_rate < lightest->flow_rate) lightest = &stage;
  }
  if (result.empty() && lightest != nullptr) {
    result.push_back(lightest);
    notes.push_back(fmt::format("{}: requests waited even at the lowest load; its base is read from one stage", step));
  }
  return result;
}

// The service time's cv for which M/G/c waits `factor` times as long as M/M/c. Allen-Cunneen is only its start: with
// few servers it is up to a tenth off.
double cv_of_factor(const Queue& queue, double factor) {
  const double target = factor * mean_wait_s(queue) * 1e6;
  double low = 0, high = 3;
  if (simulate_waits(queue, low).mean() >= target) return 0;
  for (int i = 0; i < 9; ++i) {
    const double middle = 0.5 * (low + high);
    (simulate_waits(queue, middle).mean() < target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

void estimate_cv_from_waits(ServiceModel& model, const Calibration& calibration) {
  const Variability measured = variability_of_waits(model, calibration);
  if (!std::isfinite(measured.standard_error)) {
    model.hold_cv = kCvUnknown;
    model.hold_cv_se = kCvUnknownSe;
    return;
  }
  const Queue typical{model.workers, 0.75 * model.workers / model.hold_s.value, model.hold_s.value};
  model.hold_cv = cv_of_factor(typical, measured.factor);
  // d factor = cv d cv, by Allen-Cunneen.
  model.hold_cv_se = std::min(kCvUnknownSe, measured.standard_error / std::max(model.hold_cv, 0.3));
}

Distribution wait_of(const ServiceModel& model, const ServiceReading& reading, double visits, double bin_us) {
  const Queue queue{model.workers, reading.arrivals_per_node(), model.hold_s.value};
  if (model.workers == 0 || visits <= 0 || queue.utilisation() >= 0.98 || waiting_share(reading) < kNoWait) {
    return Distribution(bin_us);
  }
  return Distribution::of(simulate_waits(queue, model.hold_cv), bin_us).times(visits);
}

// One step's measurements at light load, and the wait that is in them, as a mixture over the stages.
struct Light {
  Histogram measured;
  double bin_us = 1;
  Distribution wait{1};
};

Light read_light(const std::string& step, const std::map<std::string, double>& path, const Services& services,
                 const std::vector<const Stage*>& stages) {
  Light result;
  for (const auto* stage : stages) result.measured.add(stage->response.at(step));
  result.bin_us =
      4.0 * std::max<double>(static_cast<double>(result.measured.quantile(0.999)), 10.0) / Distribution::kBins;
  double seen = 0;
  for (const auto* stage : stages) {
    Distribution wait(result.bin_us);
    for (const auto& [service, visits] : path) {
      const auto reading = stage->services.find(service);
      if (reading != stage->services.end()) {
        wait = wait.plus(wait_of(services.at(service), reading->second, visits, result.bin_us));
      }
    }
    const auto count = static_cast<double>(stage->response.at(step).total());
    seen += count;
    result.wait = seen == count ? wait : wait.mixed(count / seen, result.wait);
  }
  if (stages.empty()) result.wait = Distribution(result.bin_us);
  return result;
}

// Where one service makes up most of a step, the step's spread at light load tells that service's. What surrounds it is
// taken to vary alike and apart; its share of the mean is the doubt.
void refine_cv(ServiceModel& model, double visits, const Light& light_load) {
  const auto measured = Distribution::of(light_load.measured, light_load.bin_us);
  const double mean = measured.mean_us() - light_load.wait.mean_us();
  const double variance = measured.variance_us2() - light_load.wait.variance_us2();
  const double held = visits * model.hold_s.value * 1e6;
  if (visits < 0.9 || visits > 1.1 || held < kDominates * mean || variance <= 0) return;
  const double rest = std::max(0.0, mean - held);
  const double cv = std::sqrt(variance / (held * held + rest * rest));
  const double samples = static_cast<double>(light_load.measured.total());
  const double se = 0.5 * cv * std::hypot(std::sqrt(8 / samples), 0.05 + rest / held);
  const double a = 1 / (model.hold_cv_se * model.hold_cv_se), b = 1 / (se * se);
  model.hold_cv = (a * model.hold_cv + b * cv) / (a + b);
  model.hold_cv_se = 1 / std::sqrt(a + b);
}

// Counts of the base, rounded along the running sum so that neither the total nor the tail is lost.
Histogram as_counts(const Distribution& distribution, std::uint64_t total) {
  Histogram result;
  double sum = 0;
  std::uint64_t placed = 0;
  for (std::size_t bin = 0; bin < Distribution::kBins; ++bin) {
    sum += distribution.shares()[bin];
    const auto due = static_cast<std::uint64_t>(std::llround(std::min(1.0, sum) * static_cast<double>(total)));
    if (due <= placed) continue;
    result.record(std::llround((static_cast<double>(bin) + 0.5) * distribution.bin_us()), due - placed);
    placed = due;
  }
  return result;
}

// How many times each waiting service's mean wait is in the step's mean response, over all steady stages: what a flow
// visits in sequence counts fully, what it visits in parallel less. A wait that was never seen leaves the count of
// visits.
std::map<std::string, double> measured_path(const std::string& step, const std::map<std::string, double>& visits,
                                            double certainty, const Calibration& calibration) {
  std::vector<std::string> names;
  std::vector<double> prior = {0.0}, prior_sd = {std::numeric_limits<double>::infinity()};
  for (const auto& [service, count] : visits) {
    names.push_back(service);
    prior.push_back(count);
    prior_sd.push_back(certainty * count);
  }
  std::vector<std::vector<double>> x;
  std::vector<double> y, weight;
  for (const auto& stage : calibration.stages) {
    const auto response = stage.response.find(step);
    if (response == stage.response.end() || response->second.total() < 10 || !steady(stage)) continue;
    std::vector<double> row = {1.0};
    for (const auto& name : names) {
      const auto found = stage.services.find(name);
      row.push_back(found == stage.services.end() ? 0.0 : found->second.wait_s());
    }
    const double mean = response->second.mean() * 1e-6;
    x.push_back(std::move(row));
    y.push_back(mean);
    weight.push_back(static_cast<double>(response->second.total()) / (mean * mean));
  }
  const auto estimate = solve_nonnegative(x, y, weight, prior, prior_sd);
  std::map<std::string, double> path;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double value = estimate.value[i + 1], counted = prior[i + 1];
    const bool chance = std::abs(value - counted) <= 2.5 * estimate.standard_error[i + 1] + 0.25 * counted;
    path[names[i]] = chance ? counted : value;
  }
  return path;
}

std::map<std::string, double> path_of(const std::string& step, const std::string& flow, const Services& services,
                                      const Calibration& calibration) {
  const auto visits = calibration.visits.find(flow);
  if (visits == calibration.visits.end()) return {};
  const auto steps = std::count_if(calibration.flow_of_step.begin(), calibration.flow_of_step.end(),
                                   [&flow](const auto& entry) { return entry.second == flow; });
  std::map<std::string, double> share;
  for (const auto& [service, count] : visits->second) {
    if (count > 1e-3 && services.contains(service))
      share[service] = count / static_cast<double>(std::max<long>(1, steps));
  }
  return measured_path(step, share, steps > 1 ? 1.0 : 0.3, calibration);
}

}  // namespace

Result<std::vector<StepLatency>> fit_latency(Services& services, const Calibration& calibration,
                                             std::vector<std::string>& notes) {
  for (auto& [name, model] : services) estimate_cv_from_waits(model, calibration);
  std::vector<StepLatency> steps;
  std::map<std::string, std::vector<const Stage*>> stages_of;
  for (const auto& [step, flow] : calibration.flow_of_step) {
    const auto stages = base_stages(step, calibration, notes);
    if (stages.empty()) {
      return fail(ExitCode::undecided, step, "no load stage in a steady state answered it",
                  "calibrate from a lower rate, where no service is saturated");
    }
    stages_of[step] = stages;
    steps.push_back(
        {.step = step, .flow = flow, .base = Histogram(), .path = path_of(step, flow, services, calibration)});
  }
  for (const auto& step : steps) {
    const Light light_load = read_light(step.step, step.path, services, stages_of[step.step]);
    for (const auto& [service, visits] : step.path) {
      auto& model = services.at(service);
      // Only where waits matter: callers hold their slot for the whole step too, but nobody waits for them.
      const bool waits = std::any_of(model.points.begin(), model.points.end(),
                                     [](const LoadPoint& point) { return point.wait_per_node > 0.05; });
      if (waits) refine_cv(model, visits, light_load);
    }
  }
  for (auto& step : steps) {
    const Light light_load = read_light(step.step, step.path, services, stages_of[step.step]);
    const auto measured = Distribution::of(light_load.measured, light_load.bin_us);
    step.base = as_counts(without_wait(measured, light_load.wait), light_load.measured.total());
  }
  return steps;
}

}  // namespace tidemark::capacity
