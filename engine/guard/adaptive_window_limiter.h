// Adaptive window: a sliding window whose threshold falls as the load that is expected rises,
//   threshold = base x (1 - predicted load / capacity)   requests a second.
// The load is what the node carries (admitted requests a second), not what is offered: with what is offered the
// threshold would be zero exactly when the node is full. Then at the balance, admitted = base x capacity / (capacity +
// base): base = 4 x capacity lets 80 % of the capacity in, 8 x 89 %. Who forecasts gives a predictor; without one
// the load expected is the rate of the last two windows, decayed. The window is ten buckets. One owner.
#pragma once

#include <functional>

#include "engine/guard/bucket_ring.h"
#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct AdaptiveWindowSettings {
  double base_rps = 4000;  // more of it lets more in, and swings above about eight times the capacity
  double capacity_rps = 1000;
  Nanos window = std::chrono::seconds(1);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("base_rps", self.base_rps, 0, 1e9);
    fields.number("capacity_rps", self.capacity_rps, 1e-3, 1e9);
    fields.duration("window", self.window, std::chrono::milliseconds(10), std::chrono::hours(1));
  }
};

class AdaptiveWindowLimiter final : public Limiter {
 public:
  // Requests a second expected from now on.
  using Predictor = std::function<double(Instant now)>;
  explicit AdaptiveWindowLimiter(const AdaptiveWindowSettings& settings, Predictor predictor = {});

  Admission admit(Instant now, Ask ask) override;
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::rate; }
  double limit() const override { return threshold_rps_; }

 private:
  double recent_load(Instant now);

  AdaptiveWindowSettings settings_;
  Predictor predictor_;
  double threshold_rps_;
  double load_rps_ = 0;
  Instant load_at_{};
  BucketRing<std::uint64_t, 10> admitted_;
};

}  // namespace tidemark::guard
