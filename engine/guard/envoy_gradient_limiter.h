// Envoy's adaptive concurrency (gradient_controller.cc): every update interval
//   g = clamp(minRTT (1 + buffer) / sampleRTT, 0.5, 2),  L = limit x g,  new = clamp(floor(L + sqrt(L)), min, max)
// with sampleRTT the percentile of the interval. minRTT is measured by pinning the limit to min_concurrency until
// `min_rtt_requests` requests that began inside the window have ended: at the start, every min_rtt_interval (and up to
// `jitter` more), and after five updates in a row at the minimum. The pin is what its users pay: a healthy service is
// capped meanwhile; under overload the baseline is taken with a queue in it and climbs (its issue 11579). The
// original's timers are made up for at the next call. One owner.
#pragma once

#include <vector>

#include "engine/core/random.h"
#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct EnvoyGradientSettings {
  double percentile = 0.5;
  std::uint32_t min_concurrency = 3;
  std::uint32_t max = 1000;
  double buffer = 0.25;
  double jitter = 0.15;
  std::uint32_t min_rtt_requests = 50;
  Nanos update_interval = std::chrono::milliseconds(100);
  Nanos min_rtt_interval = std::chrono::seconds(60);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("percentile", self.percentile, 0, 1);
    fields.count("min_concurrency", self.min_concurrency, 1, 1'000'000);
    fields.count("max", self.max, 1, 1'000'000);
    fields.number("buffer", self.buffer, 0, 10);
    fields.number("jitter", self.jitter, 0, 1);
    fields.count("min_rtt_requests", self.min_rtt_requests, 1, 1'000'000);
    fields.duration("update_interval", self.update_interval, std::chrono::milliseconds(1), std::chrono::hours(1));
    fields.duration("min_rtt_interval", self.min_rtt_interval, std::chrono::milliseconds(10), std::chrono::hours(24));
  }
};

class EnvoyGradientLimiter final : public Limiter {
 public:
  EnvoyGradientLimiter(const EnvoyGradientSettings& settings, std::uint64_t seed);
  Admission admit(Instant now, Ask ask) override;
  void finished(Instant now, const Finish& finish) override;
  // A request that never ran tells no time.
  void abandoned(Instant now) override;
  Kind kind() const override { return Kind::concurrency; }
  double limit() const override { return limit_; }

  bool measuring_min_rtt() const { return measuring_; }
  double min_rtt_s() const { return min_rtt_s_; }
  // One update of the limit for given times (any one unit).
  static std::uint32_t step(const EnvoyGradientSettings& settings, std::uint32_t limit, double min_rtt,
                            double sample_rtt);

 private:
  void run_timers(Instant now);
  void begin_min_rtt(Instant now);
  void end_min_rtt(Instant now);
  void set_limit(Instant now, std::uint32_t limit);
  double percentile_and_clear();

  EnvoyGradientSettings settings_;
  Random random_;
  std::uint32_t limit_;
  std::uint32_t in_flight_ = 0;
  std::vector<double> samples_s_;
  bool started_ = false, measuring_ = false;
  std::uint32_t deferred_limit_ = 0;  // in force again when the measurement is over
  std::uint32_t at_minimum_ = 0;      // updates in a row
  double min_rtt_s_ = 0;
  Instant epoch_{};  // when the measurement began
  Instant next_update_{}, next_min_rtt_{};
};

}  // namespace tidemark::guard
