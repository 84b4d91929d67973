// A simulation as a run directory (docs/run-directory.md), written second by second of simulated time through
// engine/record, so that `report`, `fit` and `compare` work on it as on a measured one. Equal inputs give equal bytes:
// the clock in the manifest is a fixed one, and the run's id is a hash of what was simulated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/schedule/arrivals.h"
#include "models/twin/simulation.h"

namespace tidemark::twin {

struct TwinProgress {
  double now_s = 0, end_s = 0;  // of simulated time; the end of the last stage
  double rate = 0, ok_rate = 0, refused_rate = 0,
         failed_rate = 0;  // of the last second: steps started, and how they ended
};

struct TwinRunOptions {
  SimulationOptions simulation{};
  std::filesystem::path out{};
  std::string kind = "run";      // manifest.kind
  nlohmann::json scenario{};     // manifest.scenario; null: made from the system's flows
  nlohmann::json description{};  // manifest.twin: for people, such as the system's file
  std::vector<std::string> notes{};
  std::function<void(const TwinProgress&)> progress{};  // once a simulated second
  std::function<bool()> stop{};                         // asked once a simulated second
};

// Exit 2 for a system with problems, 5 when the directory cannot be written. A run that was stopped has a summary with
// the stop reason "interrupted".
Result<Summary> record_run(const System& system, TwinRunOptions options, schedule::ArrivalStream& arrivals);

}  // namespace tidemark::twin
