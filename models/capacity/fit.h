// From run directories to a CapacityModel. Reads measurements only. Thread-safe: pure.
#pragma once

#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/record/run_reader.h"
#include "models/capacity/model.h"
#include "models/capacity/plan.h"

namespace tidemark::capacity {

// Each run is a step-load calibration (events of kind "stage" mark its load stages; node counts come from the
// watermarks). Fails (exit 7) when the runs hold fewer than 6 distinct valid loads; partial or invalid runs are refused
// (exits 5, 6).
Result<CapacityModel> fit(const std::vector<record::RunRecord>& runs);

// A quantile of a step's response over a whole run, in microseconds, with its 95 % interval: order statistics, the
// binomial variance multiplied by the burstiness of slow responses. 0 in all when the run did not record the step.
Interval95 recorded_quantile(const record::RunRecord& run, const std::string& step, double quantile);

// Holds verification runs against the plan: the quantile per step over all of them with its 95 % interval. More than
// one run: an undecided one and what it was extended by, at the same rate and size; the last names the verification.
// Fails when there is no run, when one is partial or invalid (exits 5, 6), or lacks a step of the plan (exit 7).
Result<Verification> verify(const Plan& plan, const std::vector<PredictedStep>& predicted,
                            std::span<const record::RunRecord> runs, bool one_less);
inline Result<Verification> verify(const Plan& plan, const std::vector<PredictedStep>& predicted,
                                   const record::RunRecord& run, bool one_less) {
  return verify(plan, predicted, std::span(&run, 1), one_less);
}

}  // namespace tidemark::capacity
