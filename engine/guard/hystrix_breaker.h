// Netflix Hystrix's rule (Netflix/Hystrix: HystrixCircuitBreaker.java, HealthCountsStream.java; maintenance mode):
// every `snapshot` the outcomes of the last `window` are summed, in stretches of a snapshot's length; with at least
// `volume` calls of which `percent` failed (whole percent, cut off), it opens. After `sleep` one call is let through,
// and it decides. A call longer than `timeout` has failed, as Hystrix itself gives up then.
//
// What it does besides, and we keep: any call that succeeds while the probe is out closes it, one that was let through
// before it opened as well (HystrixCircuitBreakerImpl.markSuccess asks only for HALF_OPEN).
#pragma once

#include "engine/guard/breaker.h"
#include "engine/guard/rolling_counts.h"

namespace tidemark::guard {

struct HystrixSettings {
  Nanos window = std::chrono::seconds(10);          // metrics.rollingStats.timeInMilliseconds
  Nanos snapshot = std::chrono::milliseconds(500);  // metrics.healthSnapshot.intervalInMilliseconds; divides the window
  std::uint32_t volume = 20;                        // circuitBreaker.requestVolumeThreshold
  std::uint32_t percent = 50;                       // circuitBreaker.errorThresholdPercentage
  Nanos sleep = std::chrono::seconds(5);            // circuitBreaker.sleepWindowInMilliseconds
  Nanos timeout = std::chrono::seconds(1);          // execution.isolation.thread.timeoutInMilliseconds; 0: none

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.duration("window", self.window, milliseconds(1), hours(1));
    fields.duration("snapshot", self.snapshot, milliseconds(1), hours(1));
    fields.count("volume", self.volume, 1, 1'000'000);
    fields.count("percent", self.percent, 1, 100);
    fields.duration("sleep", self.sleep, Nanos{}, hours(1));
    fields.duration("timeout", self.timeout, Nanos{}, hours(1));
  }
};

class HystrixBreaker final : public Breaker {
 public:
  explicit HystrixBreaker(const HystrixSettings& settings);
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant now, Permit permit) override;
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }

 private:
  void advance(Instant now);
  void open(Instant now);
  void reset(Instant now);

  HystrixSettings settings_;
  RollingCounts counts_;
  bool started_ = false;
  std::int64_t looked_ = 0;  // snapshots taken
  State state_ = State::closed;
  Instant opened_{};
  std::uint64_t trips_ = 0;
};

}  // namespace tidemark::guard
