// The steps' part of the model: the response where nobody waits, whose waits add to it, and the variability of the hold
// times that explains the waits. Internal to the fit. Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/capacity/model.h"
#include "models/capacity/stage_data.h"

namespace tidemark::capacity {

// Fills hold_cv and hold_cv_se of every service and returns the steps. Exit 7 where a step has no steady stage to learn
// from.
Result<std::vector<StepLatency>> fit_latency(std::map<std::string, ServiceModel>& services,
                                             const Calibration& calibration, std::vector<std::string>& notes);

}  // namespace tidemark::capacity
