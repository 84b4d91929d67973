// Vegas (Brakmo, Peterson 1994) on requests in flight, as Netflix' concurrency-limits have it (VegasLimit.java). With
// rtt0 the smallest time seen and L(x) = max(1, floor(log10 x)), the queue is estimated as
//   queue = ceil(limit (1 - rtt0 / rtt))
// and, with alpha = 3 L, beta = 6 L: a drop takes L off; below half use the limit stays; queue <= L adds beta, queue <
// alpha adds L, queue > beta takes L off. rtt0 is taken anew every U(0.5, 1) x probe x limit samples: under a standing
// queue it then holds that queue, the known drift. One owner.
#pragma once

#include "engine/core/random.h"
#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

struct VegasSettings {
  std::uint32_t initial = 20;
  std::uint32_t max = 1000;
  double smoothing = 1.0;      // share of a new limit that is taken over
  double probe = 30;           // rtt0 is forgotten after at most so many samples per request of the limit
  double alpha = 3, beta = 6;  // in units of L(limit)

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("initial", self.initial, 1, 1'000'000);
    fields.count("max", self.max, 1, 1'000'000);
    fields.number("smoothing", self.smoothing, 0.01, 1);
    fields.number("probe", self.probe, 1, 1e6);
    fields.number("alpha", self.alpha, 0, 1000);
    fields.number("beta", self.beta, 0, 1000);
  }
};

class VegasRule final : public ConcurrencyRule {
 public:
  VegasRule(const VegasSettings& settings, std::uint64_t seed);
  void update(const RttSample& sample) override;
  double limit() const override { return limit_; }
  Nanos rtt0() const { return rtt0_; }  // 0 before the first sample

 private:
  double next_probe();

  VegasSettings settings_;
  Random random_;
  double limit_;
  Nanos rtt0_{};
  double samples_ = 0;  // since rtt0 was last taken anew
  double probe_jitter_;
};

}  // namespace tidemark::guard
