// A System from what was measured, and from nothing else: a capacity model (tidemark fit) gives times, workers and
// visits, a recorded run the number of nodes and, where one refused, the length of its queue. docs/twin.md has the
// formulas.
//
// A model does not say who calls whom. It says how long a slot is held, and a caller holds its slot while it waits for
// those it calls; so the tree is read off the holds: the service that every flow visits once and that holds longest is
// the entry, and below it whoever holds longer than all the rest together is the caller of the rest; else the rest are
// called by the one above, one after the other. Thread-safe: pure.
#pragma once

#include <map>
#include <string>

#include "engine/core/error.h"
#include "engine/record/run_reader.h"
#include "engine/schedule/scenario.h"
#include "models/capacity/model.h"
#include "models/twin/system.h"

namespace tidemark::twin {

struct RecordedFleet {
  std::uint32_t nodes = 1;
  // Requests that waited in a node when it refused some; so many may wait. Nobody was refused: no bound was seen.
  std::uint32_t queue_limit = 1'000'000;
};

// Of every service that a run's watermarks name.
std::map<std::string, RecordedFleet> recorded_fleets(const record::RunRecord& run);

// Exit 2 for a scenario that the model does not cover (a step it has not seen), or that a stream of arrivals does not
// describe (closed loads, conditions, repetitions).
Result<System> fitted_system(const capacity::CapacityModel& model, const schedule::Scenario& scenario,
                             const std::map<std::string, RecordedFleet>& fleets);

}  // namespace tidemark::twin
