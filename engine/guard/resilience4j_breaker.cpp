#include "engine/guard/resilience4j_breaker.h"

namespace tidemark::guard {

using Window = Resilience4jSettings::Window;

void CallRing::add(bool failed, bool slow) {
  CallCounts& oldest = ring_[next_];
  sum_ -= oldest;
  oldest = {};
  oldest.add(failed, slow);
  sum_ += oldest;
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
}

void CallRing::clear() {
  std::ranges::fill(ring_, CallCounts{});
  sum_ = {};
}

Resilience4jBreaker::Resilience4jBreaker(const Resilience4jSettings& settings)
    : settings_(settings),
      calls_(settings.window_calls),
      probes_(settings.half_open_calls),
      seconds_(std::chrono::seconds(1), static_cast<std::size_t>(settings.window / std::chrono::seconds(1))) {
  close();
}

Resilience4jBreaker::Verdict Resilience4jBreaker::judge(const CallCounts& counts, std::uint64_t minimum) const {
  if (counts.calls == 0 || counts.calls < minimum) return Verdict::below_minimum;
  const auto percent = [&](std::uint64_t part) {
    return static_cast<double>(part) * 100.0 / static_cast<double>(counts.calls);
  };
  const bool over =
      percent(counts.failed) >= settings_.failure_percent || percent(counts.slow) >= settings_.slow_percent;
  return over ? Verdict::over : Verdict::fine;
}

void Resilience4jBreaker::open(Instant now) {
  state_ = State::open;
  retry_ = now + settings_.wait;
  ++trips_;
}

void Resilience4jBreaker::close() {
  state_ = State::closed;
  calls_.clear();
  seconds_.clear(Instant{});
}

std::optional<Breaker::Permit> Resilience4jBreaker::allow(Instant now) {
  if (state_ == State::closed) return Permit{};
  if (state_ == State::open) {
    if (now < retry_) return std::nullopt;
    state_ = State::half_open;
    places_ = settings_.half_open_calls;
    probes_.clear();
  }
  if (places_ == 0) return std::nullopt;
  --places_;
  return Permit{};
}

void Resilience4jBreaker::finished_closed(Instant now, bool failed, bool slow) {
  if (settings_.by == Window::count) {
    calls_.add(failed, slow);
    if (judge(calls_.sum(), std::min(settings_.minimum, settings_.window_calls)) == Verdict::over) open(now);
  } else {
    seconds_.add(now, failed, slow);
    if (judge(seconds_.sum(now), settings_.minimum) == Verdict::over) open(now);
  }
}

void Resilience4jBreaker::finished(Instant now, Permit, const Outcome& outcome) {
  const bool slow = outcome.latency > settings_.slow;
  if (state_ == State::closed) return finished_closed(now, outcome.failed, slow);
  if (state_ == State::open) return;
  probes_.add(outcome.failed, slow);
  const Verdict verdict = judge(probes_.sum(), std::min(settings_.minimum, settings_.half_open_calls));
  if (verdict == Verdict::over) return open(now);
  if (verdict == Verdict::fine) close();
}

void Resilience4jBreaker::abandoned(Instant, Permit) {
  if (state_ == State::half_open && places_ < settings_.half_open_calls) ++places_;  // releasePermission
}

Breaker::State Resilience4jBreaker::state(Instant) const {
  return state_;
}

}  // namespace tidemark::guard
