// From run directories to a CapacityModel. Reads measurements only. Thread-safe: pure.
#pragma once

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

// Holds a verification run against the plan: the run's own quantile per step with its 95 % interval (batch means over
// windows).
Result<Verification> verify(const Plan& plan, const std::vector<PredictedStep>& predicted, const record::RunRecord& run,
                            bool one_less);

}  // namespace tidemark::capacity
