// One run of one contender: a limiter on the guarded services of a system, under a course of loads that are multiples
// of the system's capacity, in the twin. Everything but the limiter follows from the seed, so two contenders meet the
// same arrivals, users and mix. Pure: nothing is kept between runs.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/guard/limiter_settings.h"
#include "models/duel/oracle.h"
#include "models/twin/system.h"

namespace tidemark::duel {

struct Course {
  struct Stage {
    double load = 1;  // times the capacity
    Nanos length{};
  };
  std::string name{};  // "2x"
  std::vector<Stage> stages{};
  Nanos measured_from{};  // what comes before is warm-up
};

// What an answer is worth: that of each priority half of that of the one above it.
inline constexpr std::array<double, guard::kPriorities> kValue = {4, 2, 1, 0.5};

struct Arena {
  const twin::System& system;
  const Oracle& oracle;
  std::vector<std::string> guarded{};                  // services whose nodes ask the limiter; empty: all
  Nanos good_within = std::chrono::milliseconds(500);  // a later answer is none to its user
};

struct Round {
  double seconds = 0;                   // measured
  double good = 0, optimum = 0;         // steps that ended well in time; of the oracle
  double value = 0, optimum_value = 0;  // the same, each step counted with the value of its priority
  double share() const { return optimum > 0 ? good / optimum : 0; }
  double value_share() const { return optimum_value > 0 ? value / optimum_value : 0; }
  std::array<std::uint64_t, guard::kPriorities> ended{}, good_by{}, refused{};
  std::uint64_t failed = 0;                        // neither ended well nor refused
  double p50_ms = 0, p99_ms = 0, core_p99_ms = 0;  // of those that ended well
  std::vector<double> good_rps;                    // per window of 50 ms, from measured_from on
  std::uint64_t events = 0;
  std::uint64_t refused_in_all() const;
};

inline constexpr Nanos kWindow = std::chrono::milliseconds(50);

Result<Round> run_round(const Arena& arena, const guard::LimiterSettings& limiter, const Course& course,
                        std::uint64_t seed);

}  // namespace tidemark::duel
