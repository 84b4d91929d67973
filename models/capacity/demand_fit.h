// What one request of a flow costs at each service: visits by counting, slot-seconds and CPU seconds by the utilisation
// law. Internal to the fit. Pure; thread-safe.
#pragma once

#include <map>
#include <string>

#include "models/capacity/model.h"
#include "models/capacity/stage_data.h"

namespace tidemark::capacity {

// flow -> service -> demand. Where the mix hardly changed between stages the regression cannot tell the flows' shares
// of a common service apart: then they lean on the mean hold of that service, and the interval says how far they may be
// off.
std::map<std::string, std::map<std::string, Demand>> fit_demand(const std::map<std::string, ServiceModel>& services,
                                                                const Calibration& calibration);

}  // namespace tidemark::capacity
