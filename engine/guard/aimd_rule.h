// Additive increase, multiplicative decrease of the requests in flight, as Netflix' concurrency-limits have it
// (AIMDLimit.java): a drop, or an answer slower than `timeout`, cuts the limit to floor(limit x backoff); any other
// answer adds one while at least half of the limit is in use. One owner.
#pragma once

#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

struct AimdSettings {
  std::uint32_t initial = 20;
  std::uint32_t min = 20;
  std::uint32_t max = 200;
  double backoff = 0.9;
  Nanos timeout = std::chrono::seconds(5);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("initial", self.initial, 1, 1'000'000);
    fields.count("min", self.min, 1, 1'000'000);
    fields.count("max", self.max, 1, 1'000'000);
    fields.number("backoff", self.backoff, 0.5, 0.999);
    fields.duration("timeout", self.timeout, std::chrono::microseconds(1), std::chrono::hours(1));
  }
};

class AimdRule final : public ConcurrencyRule {
 public:
  explicit AimdRule(const AimdSettings& settings);
  void update(const RttSample& sample) override;
  double limit() const override { return limit_; }

 private:
  AimdSettings settings_;
  double limit_;
};

}  // namespace tidemark::guard
