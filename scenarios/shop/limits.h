// limits.json, written by `tidemark plan` and obeyed by the gateway (docs/topology.md). Thread-safe: pure functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::shop {

struct AdmissionLimit {
  Rate rate;         // > 0
  double burst = 1;  // tokens, >= 1
};

// The limit of `service` in {"schema":"tidemark.limits/1","limits":{SERVICE:{"rate":R,"burst":B}}}; nullopt when the
// file sets none for it. Exit 2 names file and field.
Result<std::optional<AdmissionLimit>> read_limit(const std::filesystem::path& file, const std::string& service);
Result<std::optional<AdmissionLimit>> parse_limit(const std::string& text, const std::string& place,
                                                  const std::string& service);

}  // namespace tidemark::shop
