#include "engine/guard/breaker_settings.h"

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "engine/core/settings.h"

namespace tidemark::guard {
namespace {

constexpr std::size_t kKinds = std::variant_size_v<BreakerSettings::Rule>;
constexpr std::array<std::string_view, kKinds> kWords = {"none",      "sequential", "hystrix", "resilience4j",
                                                         "gobreaker", "sentinel",   "outlier"};
constexpr std::size_t kOurs = 1;

class NoBreaker final : public Breaker {
 public:
  std::optional<Permit> allow(Instant) override { return Permit{}; }
  void finished(Instant, Permit, const Outcome&) override {}
  void abandoned(Instant, Permit) override {}
  State state(Instant) const override { return State::closed; }
  std::uint64_t trips() const override { return 0; }
};

template <std::size_t kIndex = 0>
BreakerSettings::Rule default_rule(std::size_t index) {
  if constexpr (kIndex + 1 < kKinds) {
    if (index != kIndex) return default_rule<kIndex + 1>(index);
  }
  return BreakerSettings::Rule(std::in_place_index<kIndex>);
}

// What only several fields together can get wrong.
void disagreement(SettingsReader& reader, const SequentialSettings& s) {
  if (!(s.tolerated < s.partial && s.partial < s.outage)) {
    reader.problem("", "tolerated < partial < outage must hold");
  }
  if (s.open_first > s.open_most) reader.problem("open_first", "must not be above open_most");
}
void disagreement(SettingsReader& reader, const HystrixSettings& s) {
  if (s.window % s.snapshot != Nanos{} || s.window / s.snapshot > 10'000) {
    reader.problem("snapshot", "must divide the window, into at most 10000 parts");
  }
}
void disagreement(SettingsReader& reader, const Resilience4jSettings& s) {
  if (s.window % std::chrono::seconds(1) != Nanos{}) reader.problem("window", "must be whole seconds");
}
void disagreement(SettingsReader& reader, const SentinelBreakerSettings& s) {
  if (s.grade != SentinelBreakerSettings::Grade::exception_count && s.threshold > 1) {
    reader.problem("threshold", "is a share here: from 0 to 1");
  }
}
void disagreement(SettingsReader&, const NoBreakerSettings&) {}
void disagreement(SettingsReader&, const GobreakerSettings&) {}
void disagreement(SettingsReader&, const OutlierSettings&) {}

struct Maker {
  std::uint64_t seed;

  std::unique_ptr<Breaker> operator()(const NoBreakerSettings&) const { return std::make_unique<NoBreaker>(); }
  std::unique_ptr<Breaker> operator()(const SequentialSettings& s) const {
    return std::make_unique<SequentialBreaker>(s, seed);
  }
  std::unique_ptr<Breaker> operator()(const HystrixSettings& s) const { return std::make_unique<HystrixBreaker>(s); }
  std::unique_ptr<Breaker> operator()(const Resilience4jSettings& s) const {
    return std::make_unique<Resilience4jBreaker>(s);
  }
  std::unique_ptr<Breaker> operator()(const GobreakerSettings& s) const {
    return std::make_unique<GobreakerBreaker>(s);
  }
  std::unique_ptr<Breaker> operator()(const SentinelBreakerSettings& s) const {
    return std::make_unique<SentinelBreaker>(s);
  }
  std::unique_ptr<Breaker> operator()(const OutlierSettings& s) const { return std::make_unique<OutlierBreaker>(s); }
};

}  // namespace

std::string_view BreakerSettings::kind() const {
  return kWords[rule.index()];
}

std::span<const std::string_view> breaker_kinds() {
  return kWords;
}

std::optional<BreakerSettings> default_breaker(std::string_view kind) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kWords[i] == kind) return BreakerSettings{default_rule(i)};
  }
  return std::nullopt;
}

Result<BreakerSettings> parse_breaker(const nlohmann::json& json, const std::string& place) {
  SettingsReader reader(json, place);
  std::size_t kind = json.is_object() && json.contains("kind") ? kKinds : kOurs;
  reader.word("kind", kind, kWords);
  if (kind == kKinds) {
    // Without a kind the other fields have no meaning: only this is said.
    for (const auto& field : json.items()) reader.find(field.key().c_str());
    return tl::make_unexpected(*reader.finish());
  }
  BreakerSettings settings{default_rule(kind)};
  std::visit(
      [&reader](auto& rule) {
        std::remove_reference_t<decltype(rule)>::fields(reader, rule);
        disagreement(reader, rule);
      },
      settings.rule);
  if (auto error = reader.finish()) return tl::make_unexpected(std::move(*error));
  return settings;
}

nlohmann::json to_json(const BreakerSettings& settings) {
  SettingsWriter writer;
  writer.set("kind", settings.kind());
  std::visit([&writer](const auto& rule) { std::remove_cvref_t<decltype(rule)>::fields(writer, rule); }, settings.rule);
  return writer.take();
}

std::unique_ptr<Breaker> make_breaker(const BreakerSettings& settings, std::uint64_t seed) {
  return std::visit(Maker{seed}, settings.rule);
}

}  // namespace tidemark::guard
