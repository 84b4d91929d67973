// TokenBucket (token_bucket.h) as a Limiter: a rate chosen by a person, with a burst. One owner.
#pragma once

#include "engine/guard/limiter.h"
#include "engine/guard/token_bucket.h"

namespace tidemark::guard {

struct TokenBucketSettings {
  double rate_rps = 1000;
  double burst = 100;  // requests

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("rate_rps", self.rate_rps, 0, 1e9);
    fields.number("burst", self.burst, 1, 1e9);
  }
};

class TokenBucketLimiter final : public Limiter {
 public:
  explicit TokenBucketLimiter(const TokenBucketSettings& settings)
      : bucket_(Rate::per_second(settings.rate_rps), settings.burst) {}

  Admission admit(Instant now, Ask /*ask*/) override {
    return {.verdict = bucket_.allow(now) ? Admission::Verdict::admitted : Admission::Verdict::refused, .start = now};
  }
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::rate; }
  double limit() const override { return bucket_.rate().per_second(); }

 private:
  TokenBucket bucket_;
};

}  // namespace tidemark::guard
