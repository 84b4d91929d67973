// What `tidemark validate` says of a scenario that has been parsed: whether the files it names can be used, and what a
// run of it would be. Reads files, opens no socket. Pure otherwise: thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"
#include "engine/schedule/feeder.h"
#include "engine/schedule/scenario.h"

namespace tidemark::schedule {

struct FlowOutline {
  std::string name;
  double share = 0;  // of the arrivals, 0 to 1
  std::uint64_t steps = 0;
  // Requests of one instance: conditions all false and loops left at once, to all true and loops to their bound.
  // Redirects are not counted.
  std::uint64_t least_requests = 0, most_requests = 0;
};

struct FeederOutline {
  std::string name, file;
  std::uint64_t rows = 0;
  std::vector<std::string> columns;
};

struct ScenarioOutline {
  std::string name, target;
  std::vector<FlowOutline> flows;  // of a replay: none
  FlowOutline setup, teardown;
  Nanos duration{};                 // of the sending phase
  std::optional<double> arrivals;   // flows expected; nullopt in the closed model: as many as the answers allow
  std::optional<double> peak_rate;  // flows in the busiest second of the schedule
  std::uint32_t users = 0;          // closed model
  double least_requests = 0, most_requests = 0;  // of the whole run, where `arrivals` is known
  std::vector<FeederOutline> feeders;
  std::vector<std::string> secrets, unset_secrets;
  std::size_t thresholds = 0;
  std::vector<std::string> notes;  // what a run would do that its author may not expect
};

// Errors: code usage; every problem of every file, one a line.
Result<ScenarioOutline> outline(const Scenario& scenario, std::uint64_t seed);
nlohmann::json to_json(const ScenarioOutline& outline);

// Loads a feeder and checks that it has every column that the scenario uses.
Result<FeederTable> load_feeder(const Scenario& scenario, const Feeder& feeder);

// The scenario's Lua, from its file or as written; "" when it has none. Error: code usage, the file cannot be read.
Result<std::string> script_source(const Scenario& scenario);

}  // namespace tidemark::schedule
