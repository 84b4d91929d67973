// Token bucket (Turner 1986): `rate` tokens a second, at most `burst` saved. A pure decision: `now` is an argument, and
// tokens are an exact function of the instants seen, so a coroutine and a simulator agree. Not thread-safe: one owner.
#pragma once

#include "engine/core/units.h"

namespace tidemark::guard {

class TokenBucket {
 public:
  // burst >= 1 token (a smaller one is taken as 1), rate >= 0. Starts full at the first instant it sees.
  // An instant before the latest one seen changes nothing: time never runs back.
  TokenBucket(Rate rate, double burst);
  // Takes one token if there is one.
  bool allow(Instant now);
  // Keeps the tokens saved so far, cut to the new burst.
  void configure(Instant now, Rate rate, double burst);
  // When the next token will be there, to the nanosecond: `now` if there is one already, Instant::max() if never (rate
  // 0). allow() at the returned instant succeeds if nobody took the token in between.
  Instant next_allowed(Instant now);
  Rate rate() const { return rate_; }
  double burst() const { return burst_; }

 private:
  void refill(Instant now);
  double tokens_at(Instant now) const;
  Rate rate_;
  double burst_;
  double tokens_;
  bool started_ = false;
  Instant last_{};
};

}  // namespace tidemark::guard
