#include "models/duel/tuning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace tidemark::duel {
namespace {

constexpr double kWidest = 5;
// What a setting promises rather than how it keeps it: a false alarm in a billion arrivals at this load. A search over
// seconds could not see the promise broken.
constexpr std::array<std::string_view, 2> kPromises = {"evidence", "stable_load"};

// A visitor of settings' fields, like SettingsReader: moves each within its range.
class Mover {
 public:
  explicit Mover(Random& random) : random_(random) {}

  void number(const char* key, double& value, double low, double high) {
    if (std::ranges::find(kPromises, key) != kPromises.end()) return;
    value = std::clamp(value * factor(), low, high);
  }
  template <std::unsigned_integral Count>
  void count(const char* /*key*/, Count& value, std::uint64_t low, std::uint64_t high) {
    const double moved = std::round(static_cast<double>(value) * factor());
    value = static_cast<Count>(std::clamp(moved, static_cast<double>(low), static_cast<double>(high)));
  }
  void duration(const char* /*key*/, Nanos& value, Nanos low, Nanos high) {
    value = std::clamp(from_seconds(to_seconds(value) * factor()), low, high);
  }
  void flag(const char* /*key*/, bool& /*value*/) {}
  template <class Enum>
  void word(const char* /*key*/, Enum& /*value*/, std::span<const std::string_view> /*names*/) {}

 private:
  double factor() { return std::exp((2 * random_.uniform() - 1) * std::log(kWidest)); }
  Random& random_;
};

// Calm, twice the capacity, calm again: a setting must neither refuse when it need not nor waste when it must.
const Course& calm_course() {
  static const Course course{
      .name = "calm", .stages = {{0.7, std::chrono::seconds(3)}}, .measured_from = std::chrono::seconds(1)};
  return course;
}
const Course& overload_course() {
  static const Course course{
      .name = "2x", .stages = {{2, std::chrono::seconds(6)}}, .measured_from = std::chrono::seconds(2)};
  return course;
}

Result<double> score_of(const Arena& arena, const guard::LimiterSettings& limiter, std::uint32_t seeds,
                        std::uint64_t first_seed) {
  double sum = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    const auto calm = run_round(arena, limiter, calm_course(), seed);
    if (!calm) return tl::make_unexpected(calm.error());
    const auto overload = run_round(arena, limiter, overload_course(), seed);
    if (!overload) return tl::make_unexpected(overload.error());
    double ended = 0;
    for (const std::uint64_t count : calm->ended) ended += static_cast<double>(count);
    sum += overload->value_share() - static_cast<double>(calm->refused_in_all()) / std::max(1.0, ended);
  }
  return sum / seeds;
}

}  // namespace

guard::LimiterSettings drawn_near(const guard::LimiterSettings& base, Random& random) {
  for (;;) {
    guard::LimiterSettings settings = base;
    std::visit(
        [&random](auto& rule) {
          Mover mover(random);
          std::remove_reference_t<decltype(rule)>::fields(mover, rule);
        },
        settings.rule);
    if (guard::parse_limiter(guard::to_json(settings), "drawn")) return settings;
  }
}

Result<Tuned> tune(const Arena& arena, const guard::LimiterSettings& base, std::uint32_t settings, std::uint32_t seeds,
                   std::uint64_t first_seed) {
  Random random(first_seed, "tuning");
  Tuned best{.limiter = base};
  for (std::uint32_t i = 0; i < std::max(1U, settings); ++i) {
    const guard::LimiterSettings candidate = i == 0 ? base : drawn_near(base, random);
    const auto score = score_of(arena, candidate, seeds, first_seed);
    if (!score) return tl::make_unexpected(score.error());
    ++best.tried;
    if (i == 0) best.base_score = *score;
    if (i > 0 && *score <= best.score) continue;
    best.limiter = candidate;
    best.score = *score;
  }
  return best;
}

}  // namespace tidemark::duel
