// Gradient v1 of Netflix' concurrency-limits (GradientLimit.java): with rtt0 the smallest time since the last probe and
// queue = max(4, floor(sqrt(limit))),
//   g = clamp(tolerance x rtt0 / rtt, 0.5, 1),  new = limit x g + queue,
// a drop multiplies by `backoff`, below half use the limit stays, only a decrease is smoothed. Every 1,000 to 2,000
// samples the limit falls to max(min, queue) and rtt0 is forgotten: the probe that its users complain of. One owner.
#pragma once

#include "engine/core/random.h"
#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

struct GradientSettings {
  std::uint32_t initial = 50;
  std::uint32_t min = 1;
  std::uint32_t max = 1000;
  double smoothing = 0.2;
  double tolerance = 2.0;
  double backoff = 0.9;
  std::uint32_t probe = 1000;  // samples between probes, and as many again by chance

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("initial", self.initial, 1, 1'000'000);
    fields.count("min", self.min, 1, 1'000'000);
    fields.count("max", self.max, 1, 1'000'000);
    fields.number("smoothing", self.smoothing, 0.01, 1);
    fields.number("tolerance", self.tolerance, 1, 100);
    fields.number("backoff", self.backoff, 0.5, 0.999);
    fields.count("probe", self.probe, 10, 1'000'000'000);
  }
};

class GradientRule final : public ConcurrencyRule {
 public:
  GradientRule(const GradientSettings& settings, std::uint64_t seed);
  void update(const RttSample& sample) override;
  double limit() const override { return limit_; }

 private:
  std::uint64_t next_probe();

  GradientSettings settings_;
  Random random_;
  double limit_;
  Nanos rtt0_{};
  std::uint64_t until_probe_;
};

}  // namespace tidemark::guard
