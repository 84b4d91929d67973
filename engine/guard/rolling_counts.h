// Calls, failures and slow calls of the last `buckets` stretches of time, with a running sum, so that asking is one
// step however long the window. The stretches are counted from `base`. One owner; now must not run backwards.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/core/units.h"

namespace tidemark::guard {

struct CallCounts {
  std::uint64_t calls = 0, failed = 0, slow = 0, slow_failed = 0;

  void add(bool has_failed, bool was_slow) {
    ++calls;
    failed += has_failed ? 1 : 0;
    slow += was_slow ? 1 : 0;
    slow_failed += has_failed && was_slow ? 1 : 0;
  }
  CallCounts& operator+=(const CallCounts& other) {
    calls += other.calls, failed += other.failed, slow += other.slow, slow_failed += other.slow_failed;
    return *this;
  }
  CallCounts& operator-=(const CallCounts& other) {
    calls -= other.calls, failed -= other.failed, slow -= other.slow, slow_failed -= other.slow_failed;
    return *this;
  }
};

class RollingCounts {
 public:
  // width > 0, buckets >= 1.
  RollingCounts(Nanos width, std::size_t buckets) : width_(width), ring_(std::max<std::size_t>(buckets, 1)) {}

  void clear(Instant base) {
    base_ = base;
    number_ = 0;
    sum_ = {};
    std::ranges::fill(ring_, CallCounts{});
  }
  void add(Instant now, bool failed, bool slow) {
    advance(now);
    ring_[slot(number_)].add(failed, slow);
    sum_.add(failed, slow);
  }
  // The window that ends with the running stretch, or, before the running one began, with the last whole one.
  const CallCounts& sum(Instant now) {
    advance(now);
    return sum_;
  }
  // Which stretch `now` falls into; 0 holds `base`.
  std::int64_t number(Instant now) const { return (now - base_) / width_; }
  Instant start_of(std::int64_t number) const { return base_ + number * width_; }

 private:
  std::size_t slot(std::int64_t number) const {
    return static_cast<std::size_t>(number % static_cast<std::int64_t>(ring_.size()));
  }
  void advance(Instant now) {
    const std::int64_t to = number(now);
    if (to <= number_) return;
    const std::int64_t steps = std::min(to - number_, static_cast<std::int64_t>(ring_.size()));
    for (std::int64_t i = 1; i <= steps; ++i) {
      CallCounts& old = ring_[slot(number_ + i)];
      sum_ -= old;
      old = {};
    }
    number_ = to;
  }

  Nanos width_;
  Instant base_{};
  std::int64_t number_ = 0;
  std::vector<CallCounts> ring_;
  CallCounts sum_;
};

}  // namespace tidemark::guard
