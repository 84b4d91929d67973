// At most so many events in any stretch of one second, wherever it begins: not on average, as a token bucket has it.
// For limits that somebody else has set and that must never be exceeded. A decision over `now`, no clock of its own;
// now must not run backwards. One owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/units.h"

namespace tidemark::guard {

class WindowLimit {
 public:
  explicit WindowLimit(std::uint32_t per_second) : done_(per_second, kNever) {}  // >= 1

  bool would_admit(Nanos now) const { return now >= next(); }
  // The earliest moment at which one more is admitted; in the past when that is now.
  Nanos next() const { return done_[oldest_] == kNever ? kNever : done_[oldest_] + kWindow; }
  // One more has happened, no later than `now` and after would_admit() had agreed: the moment it counts from is when it
  // was over, the moment it is admitted at is before it begins, so that the true distances are never shorter.
  void count(Nanos now) {
    done_[oldest_] = now;
    oldest_ = oldest_ + 1 == done_.size() ? 0 : oldest_ + 1;
  }

 private:
  static constexpr Nanos kNever = Nanos::min() / 2;
  static constexpr Nanos kWindow = std::chrono::seconds(1);
  std::vector<Nanos> done_;  // a ring of the last `per_second`
  std::size_t oldest_ = 0;
};

}  // namespace tidemark::guard
