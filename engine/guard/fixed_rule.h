// A constant number of requests in flight, chosen by a person: right on the day it was measured. One owner.
#pragma once

#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

struct FixedSettings {
  std::uint32_t max = 100;  // requests in flight

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("max", self.max, 1, 1'000'000);
  }
};

class FixedRule final : public ConcurrencyRule {
 public:
  explicit FixedRule(const FixedSettings& settings) : max_(settings.max) {}
  void update(const RttSample& /*sample*/) override {}
  double limit() const override { return max_; }

 private:
  std::uint32_t max_;
};

}  // namespace tidemark::guard
