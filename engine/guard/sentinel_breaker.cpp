#include "engine/guard/sentinel_breaker.h"

namespace tidemark::guard {

using Grade = SentinelBreakerSettings::Grade;

bool SentinelBreaker::over(const CallCounts& sum) const {
  if (sum.calls < settings_.min_requests) return false;
  const auto calls = static_cast<double>(sum.calls);
  switch (settings_.grade) {
    case Grade::slow_ratio: {
      const double ratio = static_cast<double>(sum.slow) / calls;
      return ratio > settings_.threshold || (settings_.threshold >= 1 && ratio >= 1);
    }
    case Grade::exception_ratio:
      return static_cast<double>(sum.failed) / calls > settings_.threshold;
    case Grade::exception_count:
      return static_cast<double>(sum.failed) > settings_.threshold;
  }
  return false;
}

void SentinelBreaker::open(Instant now) {
  state_ = State::open;
  retry_ = now + settings_.window;
  ++trips_;
}

std::optional<Breaker::Permit> SentinelBreaker::allow(Instant now) {
  if (state_ == State::closed) return Permit{};
  if (state_ == State::half_open || now < retry_) return std::nullopt;
  state_ = State::half_open;
  return Permit{};
}

void SentinelBreaker::finished(Instant now, Permit, const Outcome& outcome) {
  const bool slow = outcome.latency > settings_.slow;
  counts_.add(now, outcome.failed, slow);
  if (state_ == State::open) return;
  if (state_ == State::half_open) {
    if (settings_.grade == Grade::slow_ratio ? slow : outcome.failed) return open(now);
    state_ = State::closed;
    counts_.clear(Instant{});
    return;
  }
  if (over(counts_.sum(now))) open(now);
}

void SentinelBreaker::abandoned(Instant, Permit) {
  if (state_ == State::half_open) state_ = State::open;  // as when another rule blocks the probe: retried at once
}

Breaker::State SentinelBreaker::state(Instant) const {
  return state_;
}

}  // namespace tidemark::guard
