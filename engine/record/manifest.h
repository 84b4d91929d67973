// The rules of manifest.json (docs/run-directory.md), held by the writer before a run and by the reader after it.
// Thread-safe: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "engine/core/error.h"

namespace tidemark::record {

// Required: schema, run_id, kind, seed, tidemark_version, started_at, clock {monotonic_ns, wall_ns},
// host {name, cores, kernel}, scenario, steps. The Error names the first that is missing or ill-typed.
Result<void> check_manifest(const nlohmann::json& manifest, std::string_view place);

}  // namespace tidemark::record
