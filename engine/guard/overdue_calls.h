// Calls in flight that have lasted longer than a limit, noticed while they last: a call that hangs gives no outcome,
// and a rule that waits for one cannot act until it does (resilience4j#1597). Starts are counted in stretches of a
// sixteenth of the limit, so a call is noticed at most that late, and each step is constant time. One owner; now must
// not run backwards.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/core/units.h"

namespace tidemark::guard {

class OverdueCalls {
 public:
  // limit > 0.
  explicit OverdueCalls(Nanos limit) : width_(std::max(limit / kParts, Nanos(1))) {}

  // The calls that have become overdue since the last time this was asked.
  std::uint64_t newly(Instant now) {
    const std::int64_t number = at(now);
    std::uint64_t overdue = 0;
    // A stretch is over the limit when its last nanosecond is.
    for (std::int64_t over = told_ + 1; over < std::min(number - kParts, told_ + 1 + kSlots); ++over) {
      overdue += ring_[slot(over)];
      ring_[slot(over)] = 0;
    }
    told_ = std::max(told_, number - kParts - 1);
    return overdue;
  }
  // Stretches are named by their last 20 bits: enough for calls that last 32,000 limits.
  static constexpr int kNameBits = 20;
  // A call starts, after newly(now). The answer names its stretch.
  std::uint32_t started(Instant now) {
    const std::int64_t number = at(now);
    ++ring_[slot(number)];
    return static_cast<std::uint32_t>(number) & ((1U << kNameBits) - 1);
  }
  // It ends. True: newly() has told of it already.
  bool ended(std::uint32_t stretch) {
    const std::uint32_t ahead = (stretch - static_cast<std::uint32_t>(told_)) << (32 - kNameBits);
    const std::int32_t behind = static_cast<std::int32_t>(ahead) >> (32 - kNameBits);
    if (behind <= 0) return true;
    --ring_[slot(told_ + behind)];
    return false;
  }
  void clear() { ring_ = {}; }

 private:
  static constexpr std::int64_t kParts = 16, kSlots = 18;
  std::int64_t at(Instant now) const { return now.time_since_epoch() / width_; }
  static std::size_t slot(std::int64_t number) { return static_cast<std::size_t>(number % kSlots); }

  Nanos width_;
  std::int64_t told_ = -1;
  std::array<std::uint64_t, kSlots> ring_{};
};

}  // namespace tidemark::guard
