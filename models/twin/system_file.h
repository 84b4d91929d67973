// A System from YAML, schema `tidemark.twin/1`: docs/twin.md is the reference, scenarios/schema/twin.schema.json the
// published schema. Reads all of a file's problems at once, each as "FILE:LINE: FIELD: WHAT" with the nearest valid
// word. Thread-safe: pure functions.
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"
#include "models/twin/system.h"

namespace tidemark::twin {

inline constexpr std::string_view kSystemSchema = "tidemark.twin/1";

// What the file says and what check_system() finds in it. Exit 2.
Result<System> parse_system(const std::string& yaml, const std::string& name_for_errors);
Result<System> load_system(const std::filesystem::path& file);

// The system under the flows of a scenario: each of its steps is the system's step of the same name, with the
// scenario's think times (their means), weights and time-out; repeated blocks are repeated. A flow of the same name in
// the system gives its priority. `notes`: what of the scenario is not simulated. Exit 2 for a step that the system does
// not know.
Result<System> with_scenario(const System& system, const schedule::Scenario& scenario, std::vector<std::string>& notes);

}  // namespace tidemark::twin
