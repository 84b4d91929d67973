#include "models/duel/duel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/capacity/student_t.h"
#include "models/duel/tuning.h"

namespace tidemark::duel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kTuningSeed = 1'000'001;
constexpr double kCalmLoad = 0.7, kStepLoad = 1.4, kRecovered = 0.95;
constexpr Nanos kStepLength = seconds(2);

// Rules that learn have as long as is measured to learn it.
Course overload_course(double load, Nanos length) {
  return {.name = fmt::format("{}x", load), .stages = {{load, 2 * length}}, .measured_from = length};
}

// Seed by seed.
struct Shares {
  std::vector<double> count, value;
};

Estimate difference_of(const std::vector<double>& left, const std::vector<double>& right) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < left.size(); ++i) differences.push_back(left[i] - right[i]);
  return estimate_of(differences);
}

class Evaluation {
 public:
  Evaluation(const Arena& arena, const DuelPlan& plan) : arena_(arena), plan_(plan) {}

  // `first`: the first contender's shares, for the pairs; its own evaluation fills them in.
  Result<Overload> overload(const Contender& contender, double load, Shares& first) {
    Overload out{.load = load};
    Shares own;
    std::array<double, guard::kPriorities> ended{}, good{};
    const Course course = overload_course(load, load > 5 ? plan_.overload / 2 : plan_.overload);
    for (std::uint64_t seed = 1; seed <= plan_.seeds; ++seed) {
      const auto round = run(contender, course, seed);
      if (!round) return tl::make_unexpected(round.error());
      own.count.push_back(round->share());
      own.value.push_back(round->value_share());
      out.p50_ms += round->p50_ms / plan_.seeds;
      out.p99_ms += round->p99_ms / plan_.seeds;
      out.core_p99_ms += round->core_p99_ms / plan_.seeds;
      for (std::size_t p = 0; p < ended.size(); ++p) {
        ended[p] += static_cast<double>(round->ended[p]);
        good[p] += static_cast<double>(round->good_by[p]);
      }
    }
    for (std::size_t p = 0; p < ended.size(); ++p) out.passed[p] = ended[p] > 0 ? good[p] / ended[p] : -1;
    if (first.count.empty()) first = own;
    out.share = estimate_of(own.count);
    out.value_share = estimate_of(own.value);
    out.first_more = difference_of(first.count, own.count);
    out.first_more_value = difference_of(first.value, own.value);
    return out;
  }

  Result<void> step(const Contender& contender, ContenderResult& out) {
    const Course course{
        .name = "step", .stages = {{kCalmLoad, seconds(2)}, {kStepLoad, kStepLength}}, .measured_from = seconds(2)};
    const auto best = arena_.oracle.optimum_rps(kStepLoad * arena_.oracle.capacity_rps());
    const double capacity = std::accumulate(best.begin(), best.end(), 0.0);
    out.step_share.assign(static_cast<std::size_t>(kStepLength / kWindow), 0.0);
    for (std::uint64_t seed = 1; seed <= plan_.seeds; ++seed) {
      const auto round = run(contender, course, seed);
      if (!round) return tl::make_unexpected(round.error());
      for (std::size_t i = 0; i < std::min(out.step_share.size(), round->good_rps.size()); ++i) {
        out.step_share[i] += round->good_rps[i] / capacity / plan_.seeds;
      }
    }
    const auto reached = std::ranges::find_if(out.step_share, [](double share) { return share >= kRecovered; });
    if (reached == out.step_share.end()) return {};
    const auto window_ms = std::chrono::duration_cast<milliseconds>(kWindow).count();
    out.recovery_ms = static_cast<double>((reached - out.step_share.begin() + 1) * window_ms);
    return {};
  }

  Result<void> calm(const Contender& contender, ContenderResult& out) {
    const Course course{.name = "calm", .stages = {{kCalmLoad, plan_.calm}}, .measured_from = {}};
    const auto round = run(contender, course, 1);
    if (!round) return tl::make_unexpected(round.error());
    out.calm_ended = std::accumulate(round->ended.begin(), round->ended.end(), std::uint64_t{0});
    out.calm_refused = round->refused_in_all();
    out.calm_failed = round->failed;
    return {};
  }

  std::uint64_t events = 0;

 private:
  Result<Round> run(const Contender& contender, const Course& course, std::uint64_t seed) {
    auto round = run_round(arena_, contender.limiter, course, seed);
    if (round) events += round->events;
    return round;
  }

  const Arena& arena_;
  const DuelPlan& plan_;
};

}  // namespace

Estimate estimate_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return {};
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return {mean, mean, mean};
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = capacity::student_t_quantile(0.975, n - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

guard::LimiterSettings starting_point(const Arena& arena, std::string_view kind) {
  guard::LimiterSettings settings = *guard::default_limiter(kind);
  const auto guarded = std::ranges::find_if(arena.system.services, [&arena](const twin::Service& service) {
    return service.workers > 0 &&
           (arena.guarded.empty() || std::ranges::find(arena.guarded, service.name) != arena.guarded.end());
  });
  if (guarded == arena.system.services.end()) return settings;
  double time_s = 0;
  for (const twin::Operation& operation : guarded->operations) time_s += twin::mean_s(operation.time);
  time_s = std::max(1e-6, time_s / static_cast<double>(guarded->operations.size()));
  const double rate = guarded->workers / time_s;
  if (auto* rule = std::get_if<guard::FixedSettings>(&settings.rule)) rule->max = 2 * guarded->workers;
  if (auto* rule = std::get_if<guard::TokenBucketSettings>(&settings.rule)) *rule = {rate, std::max(1.0, rate / 20)};
  if (auto* rule = std::get_if<guard::LeakyQueueSettings>(&settings.rule)) *rule = {rate, milliseconds(50)};
  if (auto* rule = std::get_if<guard::WarmUpSettings>(&settings.rule)) rule->rate_rps = rate;
  if (auto* rule = std::get_if<guard::SlidingWindowSettings>(&settings.rule)) {
    *rule = {static_cast<std::uint32_t>(std::max(1.0, rate / 10)), milliseconds(100)};
  }
  if (auto* rule = std::get_if<guard::SentinelSystemSettings>(&settings.rule)) rule->load = guarded->workers;
  if (auto* rule = std::get_if<guard::AdaptiveWindowSettings>(&settings.rule)) *rule = {4 * rate, rate, seconds(1)};
  return settings;
}

Result<DuelResult> run_duel(const Arena& arena, const DuelPlan& plan,
                            const std::function<void(const std::string&)>& progress) {
  DuelResult result{.system = arena.system.name, .capacity_rps = arena.oracle.capacity_rps(), .plan = plan};
  Evaluation evaluation(arena, plan);
  Shares first_2x, first_10x;
  for (const Contender& given : plan.contenders) {
    progress(fmt::format("{}: {}", arena.system.name, given.name));
    const auto tuned = tune(arena, given.limiter, plan.tune, plan.tuning_seeds, kTuningSeed);
    if (!tuned) return tl::make_unexpected(tuned.error());
    const Contender contender{given.name, tuned->limiter};
    ContenderResult out{
        .name = given.name, .limiter = tuned->limiter, .tuning_score = tuned->score, .tuning_base = tuned->base_score};
    for (const auto& [load, first] : {std::pair{2.0, &first_2x}, std::pair{10.0, &first_10x}}) {
      auto overload = evaluation.overload(contender, load, *first);
      if (!overload) return tl::make_unexpected(overload.error());
      out.overloads.push_back(*overload);
    }
    if (auto done = evaluation.step(contender, out); !done) return tl::make_unexpected(done.error());
    if (auto done = evaluation.calm(contender, out); !done) return tl::make_unexpected(done.error());
    result.contenders.push_back(std::move(out));
  }
  result.events = evaluation.events;
  return result;
}

}  // namespace tidemark::duel
