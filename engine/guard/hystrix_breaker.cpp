#include "engine/guard/hystrix_breaker.h"

namespace tidemark::guard {

HystrixBreaker::HystrixBreaker(const HystrixSettings& settings)
    : settings_(settings),
      counts_(settings.snapshot,
              static_cast<std::size_t>(std::max<std::int64_t>(settings.window / settings.snapshot, 1))) {}

void HystrixBreaker::reset(Instant now) {
  counts_.clear(now);
  looked_ = 0;
}

// A snapshot holds whole stretches only and is taken at their end, so asking late, when the next event comes, gives the
// state that a timer would have given.
void HystrixBreaker::advance(Instant now) {
  if (!started_) {
    started_ = true;
    reset(now);
  }
  const std::int64_t number = counts_.number(now);
  const std::int64_t window = settings_.window / settings_.snapshot;
  for (; looked_ < number && state_ == State::closed; ++looked_) {
    const Instant end = counts_.start_of(looked_ + 1);
    // The last nanosecond of the stretch: the stretch itself is in the sum, nothing after it.
    const CallCounts& sum = counts_.sum(end - Nanos(1));
    if (sum.calls >= settings_.volume && sum.failed * 100 / sum.calls >= settings_.percent) open(end);
    if (sum.calls == 0 && number - looked_ > window) looked_ = number - window;  // nothing happened for long
  }
  looked_ = number;
}

void HystrixBreaker::open(Instant now) {
  state_ = State::open;
  opened_ = now;
  ++trips_;
}

std::optional<Breaker::Permit> HystrixBreaker::allow(Instant now) {
  advance(now);
  if (state_ == State::closed) return Permit{};
  if (state_ == State::half_open || now - opened_ <= settings_.sleep) return std::nullopt;
  state_ = State::half_open;
  return Permit{};
}

void HystrixBreaker::finished(Instant now, Permit, const Outcome& outcome) {
  advance(now);
  const bool failed = outcome.failed || (settings_.timeout > Nanos{} && outcome.latency > settings_.timeout);
  if (state_ == State::half_open) {
    if (failed) return open(now);
    state_ = State::closed;
    return reset(now);
  }
  counts_.add(now, failed, false);
}

void HystrixBreaker::abandoned(Instant now, Permit) {
  advance(now);
  if (state_ == State::half_open) state_ = State::open;  // the sleep is over: the next call is the probe
}

Breaker::State HystrixBreaker::state(Instant) const {
  return state_;
}

}  // namespace tidemark::guard
