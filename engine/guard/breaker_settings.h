// Which breaker, and its constants, as a person writes it: {"kind": "hystrix", "volume": 20}. One struct per rule, each
// beside its rule, with the published defaults; this file names them all and makes the breaker. Thread-safe: plain
// values and pure functions.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/core/error.h"
#include "engine/guard/gobreaker_breaker.h"
#include "engine/guard/hystrix_breaker.h"
#include "engine/guard/outlier_breaker.h"
#include "engine/guard/resilience4j_breaker.h"
#include "engine/guard/sentinel_breaker.h"
#include "engine/guard/sequential_breaker.h"

namespace tidemark::guard {

// Lets everything through: the absence of a breaker, for comparison.
struct NoBreakerSettings {
  template <class Fields, class Self>
  static void fields(Fields&, Self&) {}
};

struct BreakerSettings {
  // In the order of breaker_kinds().
  using Rule = std::variant<NoBreakerSettings, SequentialSettings, HystrixSettings, Resilience4jSettings,
                            GobreakerSettings, SentinelBreakerSettings, OutlierSettings>;
  Rule rule = SequentialSettings{};

  std::string_view kind() const;  // "hystrix"
};

// The words of "kind".
std::span<const std::string_view> breaker_kinds();
// The published defaults of a kind; none for a word that is no kind.
std::optional<BreakerSettings> default_breaker(std::string_view kind);

// All problems at once, each "PLACE.field: what", with the nearest valid word. Fields that are absent keep their
// defaults; without a kind it is ours, "sequential".
Result<BreakerSettings> parse_breaker(const nlohmann::json& json, const std::string& place);
// Every field; parse_breaker reads it back as the same settings.
nlohmann::json to_json(const BreakerSettings& settings);

// Never null. Equal settings, seeds and calls give equal answers.
std::unique_ptr<Breaker> make_breaker(const BreakerSettings& settings, std::uint64_t seed);

}  // namespace tidemark::guard
