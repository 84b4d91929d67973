#include "models/search/slo_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tidemark::search {
namespace {

constexpr double kZ95 = 1.959964, kZ995 = 2.807034;
constexpr double kSudden = 0.5, kSustained = 0.8;  // of what must be fast: this share still is
constexpr double kFewestSudden = 5, kFewestSustained = 3;
constexpr int kSustainedSeconds = 2;

// Of `in_flight` requests, those that have been under way for longer than the limit, at least: more than that many
// cannot have started within it, but for the chance in the arrivals.
double overdue(double in_flight, double started_per_s, double limit_s) {
  const double young = started_per_s * limit_s;
  return std::max(0.0, in_flight - young - 3 * std::sqrt(young) - 3);
}

SlowSecond counted(const StepProgress& step) {
  const auto n = static_cast<double>(step.second.ok + step.second.failed + step.second.timed_out);
  return {.n = n, .slow = std::min(n, static_cast<double>(step.slow + step.second.failed))};
}

}  // namespace

SloWatch::SloWatch(capacity::Slo slo, Probe probe) : slo_(slo), probe_(std::move(probe)) {}

std::string SloWatch::breach_in(const Progress& progress) {
  const double limit_s = slo_.limit_us * 1e-6;
  double worst = 0, worst_slow = 0;
  std::string worst_step;
  const auto look = [&](const std::string& name, SlowSecond second, double late) {
    second.n += late;
    second.slow += late;
    const double share = second.n > 0 ? second.slow / second.n : 0;
    if (share > worst && second.slow >= kFewestSustained) {
      worst = share;
      worst_slow = second.slow;
      worst_step = name;
    }
    return second;
  };
  for (const auto& step : progress.steps) {
    const double started = static_cast<double>(step.second.started) / progress.length_s;
    steps_[step.step].breach =
        look(step.step, counted(step), overdue(static_cast<double>(step.second.in_flight), started, limit_s));
  }
  const double planned = static_cast<double>(progress.flows_second.planned) / progress.length_s;
  look("all steps", counted(progress.total), overdue(static_cast<double>(progress.waiting), planned, limit_s));
  bad_seconds_ = worst > 1 - kSustained * slo_.quantile ? bad_seconds_ + 1 : 0;
  const bool sudden = worst > 1 - kSudden * slo_.quantile && worst_slow >= kFewestSudden;
  if (!sudden && bad_seconds_ < kSustainedSeconds) return {};
  return fmt::format("breach: {:.0f} % of {} slower than {:g} ms or failed", worst * 100, worst_step,
                     slo_.limit_us / 1000);
}

std::string SloWatch::second(const Progress& progress) {
  if (!breach_.empty() || !progress.sending || progress.length_s <= 0) return breach_;
  lasted_s_ = progress.t_s;
  breach_ = breach_in(progress);
  constexpr double kRounding = 0.01;
  if (progress.t_s - progress.length_s >= probe_.settle_s - kRounding) {
    for (const auto& step : progress.steps) steps_[step.step].seconds.push_back(counted(step));
    arrived_ += static_cast<double>(progress.flows_second.planned);
    measured_s_ += progress.length_s;
  }
  if (!breach_.empty()) return breach_;
  if (measured_s_ < probe_.measure_s - kRounding || probe_.longest_s <= probe_.measure_s) return {};
  const std::string word = verdict(kZ995);
  return word == "undecided" ? std::string() : "decided: " + word;
}

std::string SloWatch::verdict(double z) const {
  const double allowed = 1 - slo_.quantile;
  bool all_held = !steps_.empty(), any = false;
  for (const auto& [name, step] : steps_) {
    const SlowShare share = slow_share(step.seconds, z);
    if (share.n <= 0) continue;
    any = true;
    const std::string word = verdict_on(share, allowed);
    if (word == "missed") return word;
    all_held = all_held && word == "held";
  }
  return any && all_held ? "held" : "undecided";
}

ProbeOutcome SloWatch::outcome() const {
  ProbeOutcome outcome{.probe = probe_,
                       .rate = measured_s_ > 0 ? arrived_ / measured_s_ : probe_.rate,
                       .measured_s = measured_s_,
                       .lasted_s = lasted_s_,
                       .steps = {},
                       .breach = breach_,
                       .verdict = breach_.empty() ? verdict(kZ95) : "missed",
                       .validity = "valid",
                       .reasons = {},
                       .dir = {}};
  for (const auto& [name, step] : steps_) {
    // A breach in the first seconds leaves nothing else to go by than the second that showed it.
    const bool early = !breach_.empty() && measured_s_ < 3;
    outcome.steps[name] = early ? slow_share(std::span(&step.breach, 1), kZ95) : slow_share(step.seconds, kZ95);
  }
  if (!breach_.empty() && measured_s_ < 3) outcome.rate = probe_.rate;
  return outcome;
}

}  // namespace tidemark::search
