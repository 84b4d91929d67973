#include "engine/guard/sequential_breaker.h"

namespace tidemark::guard {
namespace {

constexpr std::uint32_t kMostProbes = 64;
// Probes are dear while the dependency is sick and cheap when it is not: a sick one is rarely taken for healthy, and a
// healthy one that is taken for sick only waits once more.
constexpr Sprt::Errors kErrors = {.sick_taken_for_healthy = 0.02, .healthy_taken_for_sick = 0.15};

double sick_share(const SequentialSettings& settings) {
  return std::max(0.8, (1 + settings.tolerated) / 2);
}

}  // namespace

SequentialBreaker::SequentialBreaker(const SequentialSettings& settings, std::uint64_t seed)
    : settings_(settings),
      threshold_(std::log((settings.slow > Nanos{} ? 4 : 2) * settings.false_trip_requests)),
      random_(seed, "guard/breaker"),
      failures_{Cusum(settings.tolerated, settings.partial), Cusum(settings.tolerated, settings.outage)},
      slowness_(failures_),
      overdue_(std::max(settings.slow, Nanos(1))),
      sprt_(settings.tolerated, sick_share(settings), kErrors) {}

void SequentialBreaker::enter(State state, Instant now) {
  state_ = state;
  ++epoch_;
  overdue_.clear();
  sprt_.restart();
  places_ = 1;
  out_ = next_probe_ = lost_before_ = 0;
  heard_ = now;
}

void SequentialBreaker::open(Instant now) {
  if (state_ == State::closed && now - closed_ >= settings_.steady) waits_ = 0;
  enter(State::open, now);
  ++trips_;
  double wait_s = to_seconds(settings_.open_first);
  const double most_s = to_seconds(std::max(settings_.open_most, settings_.open_first));
  for (std::uint32_t i = 0; i < waits_ && wait_s < most_s; ++i) wait_s *= 2;
  if (wait_s < most_s) ++waits_;
  until_ = now + from_seconds(std::min(wait_s, most_s) * (0.9 + 0.2 * random_.uniform()));
}

void SequentialBreaker::close(Instant now) {
  enter(State::closed, now);
  closed_ = now;
  const double start = settings_.relapse * threshold_;
  for (Pair* pair : {&failures_, &slowness_}) {
    for (Cusum& test : *pair) test.start(start);
  }
  quiet_ = start <= 0;
  since_ = now;
}

bool SequentialBreaker::alarmed(Instant now) const {
  if (quiet_ || now - since_ < settings_.confirm) return false;
  const auto over = [&](const Pair& pair) { return std::max(pair[0].sum(), pair[1].sum()) >= threshold_; };
  return over(failures_) || (slow_matters() && over(slowness_));
}

void SequentialBreaker::learn(Instant now, Pair& tests, bool bad) {
  for (Cusum& test : tests) test.add(bad, threshold_);
  const auto zero = [](const Pair& pair) { return pair[0].sum() <= 0 && pair[1].sum() <= 0; };
  const bool quiet = zero(failures_) && (!slow_matters() || zero(slowness_));
  if (quiet_ && !quiet) since_ = now;
  quiet_ = quiet;
}

std::optional<Breaker::Permit> SequentialBreaker::allow(Instant now) {
  if (state_ == State::closed) {
    if (!slow_matters()) return permit(0);
    for (std::uint64_t i = std::min<std::uint64_t>(overdue_.newly(now), kMostProbes); i > 0; --i) {
      learn(now, slowness_, true);
    }
    if (!alarmed(now)) return permit(overdue_.started(now));
    open(now);
    return std::nullopt;
  }
  if (state_ == State::open) {
    if (now < until_) return std::nullopt;
    enter(State::half_open, now);
  }
  if (out_ > 0 && now - heard_ > patience()) give_up_probes(now);
  if (state_ != State::half_open || out_ >= places_) return std::nullopt;
  ++out_;
  heard_ = now;
  return permit(next_probe_++);
}

Nanos SequentialBreaker::patience() const {
  return std::max(settings_.patience, from_seconds(3 * usual_s_));
}

// Nobody has answered for long: those that are out have failed, and what they still say is not heard.
void SequentialBreaker::give_up_probes(Instant now) {
  const std::uint32_t lost = out_;
  out_ = 0;
  lost_before_ = next_probe_;
  for (std::uint32_t i = 0; i < lost && state_ == State::half_open; ++i) judge(now, true);
}

void SequentialBreaker::judge(Instant now, bool bad) {
  heard_ = now;
  places_ = bad ? std::max(places_ / 2, 1U) : std::min(places_ * 2, kMostProbes);
  const Sprt::Verdict verdict = sprt_.add(bad);
  if (verdict == Sprt::Verdict::healthy) close(now);
  if (verdict == Sprt::Verdict::sick) open(now);
}

void SequentialBreaker::finished(Instant now, Permit permit, const Outcome& outcome) {
  if (!is_current(permit)) return;
  const bool slow = slow_matters() && outcome.latency > settings_.slow;
  if (state_ == State::half_open) {
    if (mark_of(permit) < lost_before_) return;
    --out_;
    return judge(now, outcome.failed || slow);
  }
  if (!outcome.failed) usual_s_ += (to_seconds(outcome.latency) - usual_s_) / 64;
  learn(now, failures_, outcome.failed);
  if (slow_matters() && !overdue_.ended(mark_of(permit))) learn(now, slowness_, slow);
  if ((outcome.failed || slow) && alarmed(now)) open(now);
}

void SequentialBreaker::abandoned(Instant, Permit permit) {
  if (!is_current(permit)) return;
  if (state_ == State::closed) {
    if (slow_matters()) overdue_.ended(mark_of(permit));
  } else if (state_ == State::half_open && mark_of(permit) >= lost_before_) {
    --out_;
  }
}

Breaker::State SequentialBreaker::state(Instant now) const {
  return state_ == State::open && now >= until_ ? State::half_open : state_;
}

}  // namespace tidemark::guard
