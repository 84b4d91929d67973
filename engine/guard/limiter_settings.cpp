#include "engine/guard/limiter_settings.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/core/settings.h"
#include "engine/guard/concurrency_limiter.h"
#include "engine/guard/windowed_rule.h"

namespace tidemark::guard {
namespace {

constexpr std::size_t kKinds = std::variant_size_v<LimiterSettings::Rule>;
constexpr std::array<std::string_view, kKinds> kWords = {
    "none", "fixed", "token_bucket", "leaky_queue", "warm_up", "sliding_window",  "adaptive_window",
    "aimd", "vegas", "gradient",     "gradient2",   "envoy",   "sentinel_system", "dagor",
    "tide"};

template <std::size_t kIndex = 0>
LimiterSettings::Rule default_rule(std::size_t index) {
  if constexpr (kIndex + 1 < kKinds) {
    if (index != kIndex) return default_rule<kIndex + 1>(index);
  }
  return LimiterSettings::Rule(std::in_place_index<kIndex>);
}

// What only two fields together can get wrong. An initial limit outside them is taken as the nearer one.
template <class Settings>
std::optional<std::string> disagreement(const Settings& settings) {
  if constexpr (requires { settings.min, settings.max; }) {
    if (settings.min > settings.max) return "min must not be above max";
  } else if constexpr (requires { settings.min_concurrency, settings.max; }) {
    if (settings.min_concurrency > settings.max) return "min_concurrency must not be above max";
  }
  return std::nullopt;
}

template <class Rule>
std::unique_ptr<Limiter> counting(Rule rule, Nanos window) {
  std::unique_ptr<ConcurrencyRule> learner = std::make_unique<Rule>(std::move(rule));
  if (window > Nanos{}) learner = std::make_unique<WindowedRule>(window, std::move(learner));
  return std::make_unique<ConcurrencyLimiter>(std::move(learner));
}

struct Maker {
  std::uint64_t seed;

  std::unique_ptr<Limiter> operator()(const NoLimitSettings&) const { return std::make_unique<OpenLimiter>(); }
  std::unique_ptr<Limiter> operator()(const FixedSettings& s) const { return counting(FixedRule(s), Nanos{}); }
  std::unique_ptr<Limiter> operator()(const TokenBucketSettings& s) const {
    return std::make_unique<TokenBucketLimiter>(s);
  }
  std::unique_ptr<Limiter> operator()(const LeakyQueueSettings& s) const {
    return std::make_unique<LeakyQueueLimiter>(s);
  }
  std::unique_ptr<Limiter> operator()(const WarmUpSettings& s) const { return std::make_unique<WarmUpLimiter>(s); }
  std::unique_ptr<Limiter> operator()(const SlidingWindowSettings& s) const {
    return std::make_unique<SlidingWindowLimiter>(s);
  }
  std::unique_ptr<Limiter> operator()(const AdaptiveWindowSettings& s) const {
    return std::make_unique<AdaptiveWindowLimiter>(s);
  }
  std::unique_ptr<Limiter> operator()(const Windowed<AimdSettings>& s) const { return counting(AimdRule(s), s.window); }
  std::unique_ptr<Limiter> operator()(const Windowed<VegasSettings>& s) const {
    return counting(VegasRule(s, seed), s.window);
  }
  std::unique_ptr<Limiter> operator()(const Windowed<GradientSettings>& s) const {
    return counting(GradientRule(s, seed), s.window);
  }
  std::unique_ptr<Limiter> operator()(const Windowed<Gradient2Settings>& s) const {
    return counting(Gradient2Rule(s), s.window);
  }
  std::unique_ptr<Limiter> operator()(const EnvoyGradientSettings& s) const {
    return std::make_unique<EnvoyGradientLimiter>(s, seed);
  }
  std::unique_ptr<Limiter> operator()(const SentinelSystemSettings& s) const {
    return std::make_unique<SentinelSystemLimiter>(s);
  }
  std::unique_ptr<Limiter> operator()(const DagorSettings& s) const { return std::make_unique<DagorLimiter>(s); }
  std::unique_ptr<Limiter> operator()(const TideSettings& s) const { return std::make_unique<TideLimiter>(s); }
};

}  // namespace

std::string_view LimiterSettings::kind() const {
  return kWords[rule.index()];
}

std::span<const std::string_view> limiter_kinds() {
  return kWords;
}

std::optional<LimiterSettings> default_limiter(std::string_view kind) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kWords[i] == kind) return LimiterSettings{default_rule(i)};
  }
  return std::nullopt;
}

Result<LimiterSettings> parse_limiter(const nlohmann::json& json, const std::string& place) {
  SettingsReader reader(json, place);
  std::size_t kind = kKinds;
  if (json.is_object() && !json.contains("kind")) reader.problem("kind", "is missing: vegas, dagor, tide, ...");
  reader.word("kind", kind, kWords);
  if (kind == kKinds) {
    // Without a kind the other fields have no meaning: only this is said.
    if (json.is_object()) {
      for (const auto& field : json.items()) reader.find(field.key().c_str());
    }
    return tl::make_unexpected(*reader.finish());
  }
  LimiterSettings settings{default_rule(kind)};
  std::visit(
      [&reader](auto& rule) {
        std::remove_reference_t<decltype(rule)>::fields(reader, rule);
        if (const auto wrong = disagreement(rule)) reader.problem("", *wrong);
      },
      settings.rule);
  if (auto error = reader.finish()) return tl::make_unexpected(std::move(*error));
  return settings;
}

nlohmann::json to_json(const LimiterSettings& settings) {
  SettingsWriter writer;
  writer.set("kind", settings.kind());
  std::visit([&writer](const auto& rule) { std::remove_cvref_t<decltype(rule)>::fields(writer, rule); }, settings.rule);
  return writer.take();
}

std::unique_ptr<Limiter> make_limiter(const LimiterSettings& settings, std::uint64_t seed) {
  return std::visit(Maker{seed}, settings.rule);
}

}  // namespace tidemark::guard
