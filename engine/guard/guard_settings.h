// The `guard` block of a topology file: every mechanism that stands before or behind a service, in one form that the
// twin and the live stack both read.
//
//   limiter, lists, pool, bulkhead, buffer   what comes in
//   breaker, retry, deadline                 the calls that go out, one breaker and budget for each called service
//   degrade                                  what the service switches off
//
// What is absent is not there; {} is the mechanism with its defaults. docs/guards.md is the reference. Thread-safe:
// plain values and pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/guard/address_list.h"
#include "engine/guard/breaker_settings.h"
#include "engine/guard/bulkhead.h"
#include "engine/guard/deadline.h"
#include "engine/guard/degrade_plan.h"
#include "engine/guard/limiter_settings.h"
#include "engine/guard/pool_policy.h"
#include "engine/guard/retry.h"
#include "engine/guard/shaving_buffer.h"

namespace tidemark::guard {

struct GuardSettings {
  std::optional<LimiterSettings> limiter;
  std::optional<BreakerSettings> breaker;
  std::optional<RetrySettings> retry;
  std::optional<DeadlineSettings> deadline;
  std::optional<BulkheadSettings> bulkhead;
  std::optional<PoolSettings> pool;
  std::optional<BufferSettings> buffer;
  std::optional<AddressListSettings> lists;
  std::optional<DegradeSettings> degrade;
};

// All problems at once, each "PLACE.field: what", with the nearest valid word.
Result<GuardSettings> parse_guard(const nlohmann::json& json, const std::string& place);
// Every field of what is there; parse_guard reads it back as the same settings.
nlohmann::json to_json(const GuardSettings& settings);

}  // namespace tidemark::guard
