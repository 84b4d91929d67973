// What every row, cached value and event carries: a JSON object whose field "_run" is the run id of the shadow traffic
// that made it, or "" for live. The audit believes this field and nothing else (scenarios/shop/audit.h). Pure;
// thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

inline constexpr const char* kRunField = "_run";

// The object as JSON text with "_run" set to the tag's run (a "_run" of the caller is overwritten). `fields` is an
// object.
std::string stamped(nlohmann::json fields, const traffic::ShadowTag& tag);

struct PayloadRun {
  enum class Kind { present, absent, unreadable } kind = Kind::unreadable;
  std::string run;  // present: the value, "" for live
};
// unreadable: no JSON object, or "_run" is no string.
PayloadRun run_of(std::string_view payload);

// Why a payload may not be written under `tag`; nullopt when it may: "_run" must be there and equal to the tag's run.
std::optional<std::string> payload_problem(std::string_view payload, const traffic::ShadowTag& tag);

// One component of a query string, percent-encoded (everything but RFC 3986's unreserved).
std::string query_encoded(std::string_view text);

}  // namespace tidemark::shop
