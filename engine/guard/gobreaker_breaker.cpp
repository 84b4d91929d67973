#include "engine/guard/gobreaker_breaker.h"

namespace tidemark::guard {

void GobreakerBreaker::enter(State state, Instant now) {
  state_ = state;
  ++generation_;
  out_ = successes_ = failures_ = 0;
  expiry_ = Instant::max();
  if (state == State::closed && settings_.interval > Nanos{}) expiry_ = now + settings_.interval;
  if (state == State::open) {
    expiry_ = now + settings_.timeout;
    ++trips_;
  }
}

void GobreakerBreaker::advance(Instant now) {
  if (!started_) {
    started_ = true;
    enter(State::closed, now);
  }
  if (expiry_ >= now) return;
  enter(state_ == State::open ? State::half_open : State::closed, now);
}

std::optional<Breaker::Permit> GobreakerBreaker::allow(Instant now) {
  advance(now);
  if (state_ == State::open || (state_ == State::half_open && out_ >= settings_.max_requests)) return std::nullopt;
  ++out_;
  return Permit{generation_};
}

void GobreakerBreaker::finished(Instant now, Permit permit, const Outcome& outcome) {
  advance(now);
  if (permit.epoch != generation_) return;
  if (!outcome.failed) {
    ++successes_;
    failures_ = 0;
    if (state_ == State::half_open && successes_ >= settings_.max_requests) enter(State::closed, now);
    return;
  }
  successes_ = 0;
  ++failures_;
  if (state_ == State::half_open || failures_ > settings_.consecutive) enter(State::open, now);
}

void GobreakerBreaker::abandoned(Instant now, Permit permit) {
  advance(now);
  if (permit.epoch == generation_ && out_ > 0) --out_;
}

Breaker::State GobreakerBreaker::state(Instant now) const {
  return state_ == State::open && expiry_ < now ? State::half_open : state_;
}

}  // namespace tidemark::guard
