// Leaky queue: starts are spaced evenly, and a request that would wait longer than `max_wait` for its turn is refused.
// Sentinel's rate limiter (RateLimiterController): the distance is 1000 / rate in whole milliseconds where that is
// exact, else in whole nanoseconds; idle time is not saved, so there is no burst. One owner.
#pragma once

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct LeakyQueueSettings {
  double rate_rps = 1000;
  Nanos max_wait = std::chrono::milliseconds(500);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("rate_rps", self.rate_rps, 1e-3, 1e9);
    fields.duration("max_wait", self.max_wait, Nanos{}, std::chrono::hours(1));
  }
};

class LeakyQueueLimiter final : public Limiter {
 public:
  explicit LeakyQueueLimiter(const LeakyQueueSettings& settings);
  Admission admit(Instant now, Ask ask) override;  // start: when its turn comes
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::rate; }
  double limit() const override { return 1 / to_seconds(distance_); }

 private:
  Nanos distance_, max_wait_;
  bool started_ = false;
  Instant last_start_{};
};

}  // namespace tidemark::guard
