// Twin against live: simulates a recorded run from its fitted model, with the same arrivals, and says step by step how
// far the two are apart. docs/model.md has the table's meaning. Thread-safe: pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/record/run_reader.h"
#include "models/capacity/model.h"

namespace tidemark::twin {

struct LikeOptions {
  std::uint64_t seed = 1;       // of the service times; the arrivals are the run's own
  std::uint32_t replicas = 10;  // simulations of the run, with seeds of their own, taken together
};

struct Compared {
  double live = 0, twin = 0;
  double difference = 0;  // twin / live - 1; of refusals: share of the requests started, twin less live
  double limit = 0;       // of its size
  std::string verdict;    // "within" | "off" | "not judged"
};

struct StepComparison {
  std::string step;
  Compared rate, goodput, refused;         // requests started, ended well and not, a second
  Compared p50_us, p99_us;                 // of the response, from the planned start
  double p99_low_us = 0, p99_high_us = 0;  // 95 % interval of the live one
};

struct LikeResult {
  std::string run_id;
  std::vector<std::string> model_run_ids;
  std::uint64_t seed = 1;
  std::uint32_t replicas = 1;
  double duration_s = 0;
  // Past the knee, where a queue grows as long as the run lasts, quantiles are shown and not judged.
  bool past_knee = false;
  std::vector<StepComparison> steps;
  std::vector<std::string> notes;

  bool holds() const;
};

// Exit 2 when the model or the scenario does not fit the run, 5 and 6 for partial and invalid runs.
Result<LikeResult> simulate_like(const record::RunRecord& run, const capacity::CapacityModel& model,
                                 const LikeOptions& options);

nlohmann::json to_json(const LikeResult& result);

}  // namespace tidemark::twin
