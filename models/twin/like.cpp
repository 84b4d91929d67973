#include "models/twin/like.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/schedule/arrivals.h"
#include "models/capacity/fit.h"
#include "models/twin/fitted_system.h"
#include "models/twin/simulation.h"

namespace tidemark::twin {
namespace {

constexpr double kRateLimit = 0.03, kP50Limit = 0.10, kP99Limit = 0.15;

struct Simulated {
  RequestBook requests;
  Histogram response;
};

// The run's own arrivals through the system, `replicas` times; by step.
Result<std::map<std::string, Simulated>> simulate(const System& system, const schedule::Scenario& scenario,
                                                  std::uint64_t arrival_seed, const LikeOptions& options) {
  std::map<std::string, Simulated> steps;
  for (std::uint32_t replica = 0; replica < options.replicas; ++replica) {
    auto arrivals = schedule::make_arrivals(scenario, arrival_seed);
    if (!arrivals) return tl::make_unexpected(arrivals.error());
    auto simulation =
        Simulation::create(system, {.seed = options.seed + 0x9e3779b97f4a7c15U * replica, .window = Nanos{}});
    if (!simulation) return tl::make_unexpected(simulation.error());
    (*simulation)->start(**arrivals);
    // To the end of the last request: a run waits for them too.
    (*simulation)->run_until(scenario.duration() + scenario.timeout + std::chrono::seconds(1));
    for (const StepResult& result : (*simulation)->results().steps) {
      Simulated& step = steps[result.step];
      step.requests.started += result.requests.started;
      step.requests.ok += result.requests.ok;
      step.requests.failed += result.requests.failed;
      step.requests.timed_out += result.requests.timed_out;
      step.response.add(result.response);
    }
  }
  return steps;
}

Compared compared(double live, double twin, double limit, bool judged) {
  Compared result{.live = live, .twin = twin, .limit = limit};
  if (live > 0) result.difference = twin / live - 1;
  if (live <= 0 && twin > 0) result.difference = 1;
  result.verdict = !judged ? "not judged" : std::abs(result.difference) <= limit ? "within" : "off";
  return result;
}

StepComparison compare(const record::RunRecord& run, const std::string& name, const StepSummary& live,
                       const Simulated& twin, const LikeResult& shape) {
  const double seconds = shape.duration_s;
  const auto live_rate = [&](std::uint64_t count) { return static_cast<double>(count) / seconds; };
  const auto twin_rate = [&](std::uint64_t count) { return static_cast<double>(count) / seconds / shape.replicas; };
  StepComparison step{.step = name};
  step.rate = compared(live_rate(live.requests.started), twin_rate(twin.requests.started), kRateLimit, true);
  step.goodput = compared(live_rate(live.requests.ok), twin_rate(twin.requests.ok), kRateLimit, true);
  step.refused = compared(live_rate(live.requests.failed + live.requests.timed_out),
                          twin_rate(twin.requests.failed + twin.requests.timed_out), kRateLimit, true);
  // A relative difference of few refusals says nothing: they are counted in shares of what was asked.
  step.refused.difference = step.rate.live > 0 ? (step.refused.twin - step.refused.live) / step.rate.live : 0;
  step.refused.verdict = std::abs(step.refused.difference) <= kRateLimit ? "within" : "off";
  const double p50 = capacity::recorded_quantile(run, name, 0.50).value;
  const auto p99 = capacity::recorded_quantile(run, name, 0.99);
  step.p99_low_us = p99.low;
  step.p99_high_us = p99.high;
  const auto quantile = [&](double q) { return static_cast<double>(twin.response.quantile(q)); };
  step.p50_us = compared(p50, quantile(0.50), kP50Limit, !shape.past_knee);
  step.p99_us = compared(p99.value, quantile(0.99), kP99Limit, !shape.past_knee);
  return step;
}

// Past the knee, by what was recorded: a fiftieth of what was asked did not end well, or some node's slots were busier
// over its run than the fit takes for a steady state (docs/model.md).
bool past_knee(const record::RunRecord& run, const Summary& summary) {
  constexpr double kSteady = 0.94;
  double started = 0, ok = 0;
  for (const auto& [name, step] : summary.by_step) {
    started += static_cast<double>(step.requests.started);
    ok += static_cast<double>(step.requests.ok);
  }
  if (ok < 0.98 * started) return true;
  std::map<std::string, std::pair<WatermarkSample, WatermarkSample>> ends;  // of each node: first and last
  for (const WatermarkSample& sample : run.watermarks) {
    if (sample.missed || sample.workers == 0) continue;
    const auto [at, first] = ends.try_emplace(sample.node, sample, sample);
    if (!first) at->second.second = sample;
  }
  return std::ranges::any_of(ends, [](const auto& node) {
    const auto& [first, last] = node.second;
    const double slots = (last.t_s - first.t_s) * last.workers;
    return slots > 0 && (last.busy_seconds - first.busy_seconds) / slots >= kSteady;
  });
}

nlohmann::json json_of(const Compared& compared) {
  return {{"live", compared.live},
          {"twin", compared.twin},
          {"difference", compared.difference},
          {"limit", compared.limit},
          {"verdict", compared.verdict}};
}

}  // namespace

bool LikeResult::holds() const {
  return std::ranges::none_of(steps, [](const StepComparison& step) {
    return std::ranges::any_of(
        std::initializer_list<const Compared*>{&step.rate, &step.goodput, &step.refused, &step.p50_us, &step.p99_us},
        [](const Compared* compared) { return compared->verdict == "off"; });
  });
}

Result<LikeResult> simulate_like(const record::RunRecord& run, const capacity::CapacityModel& model,
                                 const LikeOptions& options) {
  const std::string place = run.dir.string();
  const Summary summary = run.summary();
  if (summary.partial) return fail(ExitCode::partial_record, place, "is a partial record");
  if (summary.validity != "valid") {
    return fail(ExitCode::invalid_measurement, place,
                "was " + summary.validity + ", so there is nothing to compare with");
  }
  const auto text = run.manifest.find("scenario");
  const auto seed = run.manifest.find("seed");
  if (text == run.manifest.end() || seed == run.manifest.end() || !seed->is_number_unsigned()) {
    return fail(ExitCode::usage, place, "its manifest names no scenario and seed");
  }
  const auto scenario = schedule::parse_scenario(text->dump(), place + "/manifest.json: scenario", {}, run.dir);
  if (!scenario) return tl::make_unexpected(scenario.error());
  const auto system = fitted_system(model, *scenario, recorded_fleets(run));
  if (!system) return tl::make_unexpected(system.error());
  const auto simulated = simulate(*system, *scenario, seed->get<std::uint64_t>(), options);
  if (!simulated) return tl::make_unexpected(simulated.error());
  LikeResult result{.run_id = run.run_id(),
                    .model_run_ids = model.run_ids,
                    .seed = options.seed,
                    .replicas = options.replicas,
                    .duration_s = to_seconds(scenario->duration()),
                    .past_knee = past_knee(run, summary)};
  if (result.duration_s <= 0) result.duration_s = summary.duration_s;
  for (const auto& [name, live] : summary.by_step) {
    const auto twin = simulated->find(name);
    if (twin == simulated->end()) continue;
    result.steps.push_back(compare(run, name, live, twin->second, result));
    const StepComparison& step = result.steps.back();
    const double width = std::max(step.p99_high_us - step.p99_us.live, step.p99_us.live - step.p99_low_us);
    if (!result.past_knee && width > 0.1 * step.p99_us.live) {
      result.notes.push_back(fmt::format("the live p99 of {} is known to {:.0f} % only: a longer run says more", name,
                                         100 * width / step.p99_us.live));
    }
  }
  return result;
}

nlohmann::json to_json(const LikeResult& result) {
  nlohmann::json steps = nlohmann::json::array();
  for (const StepComparison& step : result.steps) {
    nlohmann::json p99 = json_of(step.p99_us);
    p99["live_low"] = step.p99_low_us;
    p99["live_high"] = step.p99_high_us;
    steps.push_back({{"step", step.step},
                     {"rate", json_of(step.rate)},
                     {"goodput", json_of(step.goodput)},
                     {"refused", json_of(step.refused)},
                     {"p50_us", json_of(step.p50_us)},
                     {"p99_us", std::move(p99)}});
  }
  return {{"schema", "tidemark.twin-like/1"},
          {"run_id", result.run_id},
          {"model_run_ids", result.model_run_ids},
          {"seed", result.seed},
          {"replicas", result.replicas},
          {"duration_s", result.duration_s},
          {"past_knee", result.past_knee},
          {"steps", std::move(steps)},
          {"notes", result.notes},
          {"verdict", result.holds() ? "pass" : "fail"}};
}

}  // namespace tidemark::twin
