// Sliding window: at most `max` requests are admitted in any stretch of time as long as `window`, wherever it begins.
// Exact, by a ring of the last `max` admissions (8 bytes each); buckets would be smaller and let through up to one
// bucket more. One owner.
#pragma once

#include <vector>

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct SlidingWindowSettings {
  std::uint32_t max = 1000;
  Nanos window = std::chrono::seconds(1);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("max", self.max, 1, 1'000'000);
    fields.duration("window", self.window, std::chrono::milliseconds(1), std::chrono::hours(1));
  }
};

class SlidingWindowLimiter final : public Limiter {
 public:
  explicit SlidingWindowLimiter(const SlidingWindowSettings& settings)
      : window_(settings.window), admitted_(settings.max, Instant::min()) {}

  Admission admit(Instant now, Ask /*ask*/) override {
    const Instant earliest = admitted_[oldest_];
    if (earliest != Instant::min() && now - earliest < window_) {
      return {.verdict = Admission::Verdict::refused, .start = now};
    }
    admitted_[oldest_] = now;
    oldest_ = oldest_ + 1 == admitted_.size() ? 0 : oldest_ + 1;
    return {.start = now};
  }
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::rate; }
  double limit() const override { return static_cast<double>(admitted_.size()) / to_seconds(window_); }

 private:
  Nanos window_;
  std::vector<Instant> admitted_;
  std::size_t oldest_ = 0;
};

}  // namespace tidemark::guard
