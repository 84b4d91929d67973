// A rule that learns how many requests a node should have in flight from how long the earlier ones took: a pure
// `update(sample) -> limit`. Netflix' concurrency-limits are of this shape (AIMD, Vegas, Gradient, Gradient2).
// ConcurrencyLimiter counts and asks; a rule only learns. Not thread-safe: one owner.
#pragma once

#include <cstdint>

#include "engine/core/units.h"

namespace tidemark::guard {

struct RttSample {
  Instant now{};                // when it ended
  Nanos rtt{};                  // from admission to the end
  std::uint32_t in_flight = 0;  // requests in flight when it ended, itself included
  bool dropped = false;
};

class ConcurrencyRule {
 public:
  virtual ~ConcurrencyRule() = default;
  virtual void update(const RttSample& sample) = 0;
  // Requests in flight; what is admitted is the whole part of it.
  virtual double limit() const = 0;
};

}  // namespace tidemark::guard
