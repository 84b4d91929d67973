// A duel of limiters in the twin: every contender is tuned by the same search, then meets the same seeded overloads,
// and is told apart from the first one by the paired difference, seed by seed. docs/guards.md describes what is
// measured and how. Pure but for `progress`; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/duel/contest.h"

namespace tidemark::duel {

struct Contender {
  std::string name;
  guard::LimiterSettings limiter;  // where the search begins
};

struct DuelPlan {
  std::vector<Contender> contenders;  // the first is the one that the others are compared with; at least one
  std::uint32_t seeds = 30;           // of the evaluation: 1, 2, ...
  std::uint32_t tune = 50;            // settings tried for each contender; 1: as given
  std::uint32_t tuning_seeds = 2;     // 1,000,001, 1,000,002, ...
  Nanos calm =
      std::chrono::minutes(10);  // at 70 % of the capacity, one seed: what is refused there is refused for nothing
  Nanos overload = std::chrono::seconds(6);  // measured at 2x, after as long to learn; half of it at 10x
};

// Mean over the seeds with a 95 % interval (Student); paired: of the differences.
struct Estimate {
  double mean = 0, low = 0, high = 0;
};
Estimate estimate_of(const std::vector<double>& values);

struct Overload {  // at one multiple of the capacity
  double load = 0;
  // Of the optimum, by count and by value; and how much of it the first contender has more.
  Estimate share, value_share;
  Estimate first_more, first_more_value;
  double p50_ms = 0, p99_ms = 0, core_p99_ms = 0;   // means over the seeds
  std::array<double, guard::kPriorities> passed{};  // share of the ended that ended well in time; -1: none ended
};

struct ContenderResult {
  std::string name;
  guard::LimiterSettings limiter;  // after tuning
  double tuning_score = 0, tuning_base = 0;
  std::vector<Overload> overloads;  // 2x, 10x
  std::uint64_t calm_ended = 0, calm_refused = 0, calm_failed = 0;
  // After the step from 0.7x to 1.4x: good answers per window of 50 ms as a share of the capacity, mean over the seeds,
  // and the end of the first window with at least 95 %, in ms after the step (-1: never within the two seconds).
  std::vector<double> step_share;
  double recovery_ms = -1;
};

struct DuelResult {
  std::string system;
  double capacity_rps = 0;
  DuelPlan plan;
  std::vector<ContenderResult> contenders;
  std::uint64_t events = 0;
};

// `progress` is told what begins, one line each.
Result<DuelResult> run_duel(const Arena& arena, const DuelPlan& plan,
                            const std::function<void(const std::string&)>& progress);

// Where the search for a kind begins: its published defaults; rules whose numbers belong to a node's capacity (fixed,
// rates, windows) begin with twice the workers in flight and the capacity of the first guarded service's node.
guard::LimiterSettings starting_point(const Arena& arena, std::string_view kind);

nlohmann::json to_json(const DuelResult& result);

}  // namespace tidemark::duel
