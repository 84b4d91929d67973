// sony/gobreaker's rule (sony/gobreaker: gobreaker.go): more than `consecutive` failures in a row open it for
// `timeout`; then up to `max_requests` calls at a time are let through, the first failure reopens it, and that many
// successes in a row close it. With `interval` > 0 the counters begin anew that often. Outcomes of an earlier
// generation are dropped.
#pragma once

#include "engine/guard/breaker.h"

namespace tidemark::guard {

struct GobreakerSettings {
  std::uint32_t consecutive = 5;             // ReadyToTrip: ConsecutiveFailures > 5
  Nanos interval{};                          // Interval; 0: the counters are never cleared while closed
  Nanos timeout = std::chrono::seconds(60);  // Timeout
  std::uint32_t max_requests = 1;            // MaxRequests

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.count("consecutive", self.consecutive, 0, 1'000'000);
    fields.duration("interval", self.interval, Nanos{}, hours(24));
    fields.duration("timeout", self.timeout, milliseconds(1), hours(24));
    fields.count("max_requests", self.max_requests, 1, 1'000'000);
  }
};

class GobreakerBreaker final : public Breaker {
 public:
  explicit GobreakerBreaker(const GobreakerSettings& settings) : settings_(settings) {}
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant now, Permit permit) override;
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }

 private:
  void advance(Instant now);
  void enter(State state, Instant now);

  GobreakerSettings settings_;
  bool started_ = false;
  State state_ = State::closed;
  std::uint32_t generation_ = 0;
  std::uint32_t out_ = 0, successes_ = 0, failures_ = 0;  // let through; in a row
  Instant expiry_{};
  std::uint64_t trips_ = 0;
};

}  // namespace tidemark::guard
