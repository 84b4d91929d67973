// A fitted model as a System: what was measured, simulated. A step's response is its base, which holds all work, plus
// the waits on its path, as models/capacity/predictor.h has it; here the waits come from queues that fill, spill and
// drain in time. Thread-safe: a pure function.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "models/capacity/model.h"
#include "models/twin/system.h"

namespace tidemark::twin {

// Each measured service has `nodes` of it (1 where the map is silent) with the workers that its nodes reported, and
// holds a worker for a lognormal time of the fitted mean and cv; while a service that it was seen to wait for is full,
// it waits for that too (hold_waits). The service "base" stands for everything else: without workers' bound, the
// measured base of each step as its time; it is in no run directory. Flows and their weights are those of the
// calibration. Queues have no limit and steps no time-out until somebody sets them: neither can be measured below the
// knee.
System system_of(const capacity::CapacityModel& model, const std::map<std::string, std::uint32_t>& nodes);

}  // namespace tidemark::twin
