// Which limiter, and its constants, as a person writes it: {"kind": "vegas", "max": 1000}. One struct per mechanism,
// each beside its rule, with the published defaults; this file names them all and makes the limiter. Thread-safe: plain
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
#include "engine/guard/adaptive_window_limiter.h"
#include "engine/guard/aimd_rule.h"
#include "engine/guard/dagor_limiter.h"
#include "engine/guard/envoy_gradient_limiter.h"
#include "engine/guard/fixed_rule.h"
#include "engine/guard/gradient2_rule.h"
#include "engine/guard/gradient_rule.h"
#include "engine/guard/leaky_queue_limiter.h"
#include "engine/guard/open_limiter.h"
#include "engine/guard/sentinel_system_limiter.h"
#include "engine/guard/sliding_window_limiter.h"
#include "engine/guard/tide_limiter.h"
#include "engine/guard/token_bucket_limiter.h"
#include "engine/guard/vegas_rule.h"
#include "engine/guard/warm_up_limiter.h"

namespace tidemark::guard {

// A learning rule of requests in flight; with a window > 0 it sees one averaged sample a window (WindowedRule).
template <class RuleSettings>
struct Windowed : RuleSettings {
  Nanos window{};

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    RuleSettings::fields(fields, self);
    fields.duration("window", self.window, Nanos{}, std::chrono::hours(1));
  }
};

struct LimiterSettings {
  // In the order of limiter_kinds().
  using Rule = std::variant<NoLimitSettings, FixedSettings, TokenBucketSettings, LeakyQueueSettings, WarmUpSettings,
                            SlidingWindowSettings, AdaptiveWindowSettings, Windowed<AimdSettings>,
                            Windowed<VegasSettings>, Windowed<GradientSettings>, Windowed<Gradient2Settings>,
                            EnvoyGradientSettings, SentinelSystemSettings, DagorSettings, TideSettings>;
  Rule rule;

  std::string_view kind() const;  // "vegas"
};

// The words of "kind".
std::span<const std::string_view> limiter_kinds();
// The published defaults of a kind; none for a word that is no kind.
std::optional<LimiterSettings> default_limiter(std::string_view kind);

// All problems at once, each "PLACE.field: what", with the nearest valid word. Fields that are absent keep their
// defaults.
Result<LimiterSettings> parse_limiter(const nlohmann::json& json, const std::string& place);
// Every field; parse_limiter reads it back as the same settings.
nlohmann::json to_json(const LimiterSettings& settings);

// Never null. Equal settings, seeds and calls give equal answers.
std::unique_ptr<Limiter> make_limiter(const LimiterSettings& settings, std::uint64_t seed);

}  // namespace tidemark::guard
