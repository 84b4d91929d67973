// Token bucket (Turner 1986): `rate` tokens a second, at most `burst` saved. A pure decision: `now` is an argument, and tokens
// are an exact function of the instants seen, so a coroutine and a simulator agree. Not thread-safe: one owner.
#pragma once

#include "engine/core/units.h"

namespace tidemark::guard {

class TokenBucket {
 public:
  // burst >= 1 token. Starts full at the first instant it sees.
  TokenBucket(Rate rate, double burst);
  // Takes one token if there is one.
  bool allow(Instant now);
  // Keeps the tokens saved so far, cut to the new burst.
  void configure(Instant now, Rate rate, double burst);
  // When the next token will be there: `now` if there is one already.
  Instant next_allowed(Instant now);
  Rate rate() const { return rate_; }
  double burst() const { return burst_; }

 private:
  void refill(Instant now);
  Rate rate_;
  double burst_;
  double tokens_;
  bool started_ = false;
  Instant last_{};
};

}  // namespace tidemark::guard
