// Sentinel's warm-up (WarmUpController, after Guava's SmoothWarmingUp): a rate that starts at rate / cold_factor and
// reaches `rate` within `period`, because a cold cache carries less. With count = rate and cf = cold_factor:
//   warning = int(period x count) / (cf - 1),  max = warning + int(2 x period x count / (1 + cf)),
//   slope = (cf - 1) / count / (max - warning);  above warning the rate is 1 / ((tokens - warning) slope + 1 / count).
// Tokens are refilled once a second, less what passed in the second before; above warning only while fewer than
// int(count) / cf passed; exactly at warning nothing is added. Passes are counted over two buckets of 500 ms. One
// owner.
#pragma once

#include "engine/guard/bucket_ring.h"
#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct WarmUpSettings {
  double rate_rps = 1000;
  Nanos period = std::chrono::seconds(10);
  std::uint32_t cold_factor = 3;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("rate_rps", self.rate_rps, 1, 1e9);
    fields.duration("period", self.period, std::chrono::seconds(1), std::chrono::hours(1));
    fields.count("cold_factor", self.cold_factor, 2, 100);
  }
};

class WarmUpLimiter final : public Limiter {
 public:
  explicit WarmUpLimiter(const WarmUpSettings& settings);
  Admission admit(Instant now, Ask ask) override;
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::rate; }
  double limit() const override;

  double warning_tokens() const { return warning_; }
  double max_tokens() const { return max_; }
  double slope() const { return slope_; }
  double tokens() const { return tokens_; }

 private:
  void refill(Instant now);

  double count_;  // requests a second
  std::uint32_t cold_factor_;
  double warning_, max_, slope_;
  double tokens_ = 0;
  std::int64_t filled_second_ = -1;
  struct Second {
    std::int64_t number = -1;
    std::uint64_t passed = 0;
  };
  Second second_, previous_;
  BucketRing<std::uint64_t, 2> passed_{std::chrono::milliseconds(500)};
};

}  // namespace tidemark::guard
