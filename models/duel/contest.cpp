#include "models/duel/contest.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "engine/schedule/arrivals.h"
#include "models/twin/simulation.h"

namespace tidemark::duel {
namespace {

Result<std::unique_ptr<schedule::ArrivalStream>> arrivals_of(const Arena& arena, const Course& course,
                                                             std::uint64_t seed) {
  schedule::Scenario scenario;
  for (const twin::Flow& flow : arena.system.flows)
    scenario.flows.push_back({.name = flow.name, .weight = flow.weight});
  for (const Course::Stage& stage : course.stages) {
    const Rate rate = Rate::per_second(stage.load * arena.oracle.capacity_rps());
    scenario.load.stages.push_back({rate, rate, stage.length});
  }
  return schedule::make_arrivals(scenario, seed);
}

Nanos length_of(const Course& course) {
  Nanos length{};
  for (const Course::Stage& stage : course.stages) length += stage.length;
  return length;
}

// Fills in what the oracle would have done while it was measured.
void set_optimum(const Arena& arena, const Course& course, Round& round) {
  Nanos start{};
  for (const Course::Stage& stage : course.stages) {
    const Nanos from = std::max(start, course.measured_from);
    start += stage.length;
    if (start <= from) continue;
    const auto best = arena.oracle.optimum_rps(stage.load * arena.oracle.capacity_rps());
    for (std::size_t p = 0; p < best.size(); ++p) {
      round.optimum += best[p] * to_seconds(start - from);
      round.optimum_value += kValue[p] * best[p] * to_seconds(start - from);
    }
  }
}

twin::SimulationOptions options_for(const Arena& arena, const guard::LimiterSettings& limiter, std::uint64_t seed) {
  twin::SimulationOptions options{.seed = seed, .window = kWindow, .good_within = arena.good_within};
  options.limiter = [&arena, limiter](const twin::NodeName& node, std::uint64_t node_seed) {
    const bool guarded = arena.guarded.empty() || std::ranges::find(arena.guarded, node.service) != arena.guarded.end();
    return guarded ? guard::make_limiter(limiter, node_seed) : nullptr;
  };
  return options;
}

double milliseconds_at(const Histogram& histogram, double q) {
  return histogram.total() == 0 ? 0 : static_cast<double>(histogram.quantile(q)) / 1000;
}

}  // namespace

std::uint64_t Round::refused_in_all() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Result<Round> run_round(const Arena& arena, const guard::LimiterSettings& limiter, const Course& course,
                        std::uint64_t seed) {
  auto arrivals = arrivals_of(arena, course, seed);
  if (!arrivals) return tl::make_unexpected(arrivals.error());
  auto simulation = twin::Simulation::create(arena.system, options_for(arena, limiter, seed));
  if (!simulation) return tl::make_unexpected(simulation.error());
  (*simulation)->start(**arrivals);
  (*simulation)->run_until(course.measured_from);
  (*simulation)->reset_results();
  (*simulation)->run_until(length_of(course));
  const twin::Results& results = (*simulation)->results();
  Round round{.seconds = to_seconds(length_of(course) - course.measured_from)};
  set_optimum(arena, course, round);
  Histogram all = results.priorities[0].response;
  for (std::size_t p = 0; p < results.priorities.size(); ++p) {
    const twin::PriorityResult& priority = results.priorities[p];
    round.good += static_cast<double>(priority.good);
    round.value += kValue[p] * static_cast<double>(priority.good);
    round.ended[p] = priority.ok + priority.refused + priority.failed;
    round.good_by[p] = priority.good;
    round.refused[p] = priority.refused;
    round.failed += priority.failed;
    if (p > 0) all.add(priority.response);
  }
  round.p50_ms = milliseconds_at(all, 0.5);
  round.p99_ms = milliseconds_at(all, 0.99);
  round.core_p99_ms = milliseconds_at(results.priorities[0].response, 0.99);
  const double from_s = to_seconds(course.measured_from);
  for (const twin::Window& window : results.windows) {
    if (window.start_s < from_s - 1e-9) continue;
    const double good = std::accumulate(window.good.begin(), window.good.end(), 0.0);
    round.good_rps.push_back(good / to_seconds(kWindow));
  }
  round.events = results.events;
  return round;
}

}  // namespace tidemark::duel
