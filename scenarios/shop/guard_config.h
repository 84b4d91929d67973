// The `guard` block of a topology as the live stack reads it (docs/guards.md, "In the live stack"): the mechanisms that
// it shares with the twin (engine/guard/guard_settings.h), and what only real nodes have. Absent parts are off, so a
// stack that declares nothing behaves as it did. One reader for the topology file, for the node's configuration and for
// changes while it runs. Thread-safe: plain values and pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/guard/guard_settings.h"
#include "engine/guard/limiter_settings.h"

namespace tidemark::shop {

// Of every call out of the node, beside `breaker` and `retry`.
struct CallSettings {
  Nanos timeout{};                                  // of one attempt, within the request's deadline; 0: that alone
  bool breaker_per_node = false;                    // else one per called service
  std::optional<guard::BulkheadSettings> bulkhead;  // of the calls under way to one service
};

// At the gateway, before anything else; `lists` belong to it too.
struct EdgeSettings {
  double rate = 0;                        // requests a second; 0: no limit
  double burst = 20;                      // requests at once
  std::vector<std::string> forwarded_by;  // from these prefixes, x-forwarded-for says who the client is
};

struct GuardConfig {
  guard::GuardSettings shared;
  std::optional<guard::LimiterSettings> limiter;
  CallSettings calls;
  EdgeSettings edge;
  bool shadow_last = false;  // tagged traffic is shed before everything else
};

// The features that a degrade plan of the gateway may switch off.
std::span<const std::string_view> degrade_features();

// All problems at once, each with its place.
Result<GuardConfig> parse_guard(const nlohmann::json& json, const std::string& place);

// `change` into `base`, as RFC 7386 has it, but an object whose "kind" changes is replaced, since the fields of one
// kind mean nothing to another.
void merge_guard(nlohmann::json& base, const nlohmann::json& change);
// {"limiter.kind=tide", "calls.timeout=100ms", "limiter=off"} as a change. Exit 2 names what is not FIELD=VALUE.
Result<nlohmann::json> guard_patch(std::span<const std::string> changes);

}  // namespace tidemark::shop
