// Alibaba Sentinel's DegradeRule (alibaba/Sentinel: ResponseTimeCircuitBreaker.java, ExceptionCircuitBreaker.java): one
// bucket of `interval`, aligned to the clock; once it holds `min_requests` calls, each further one asks whether the
// share of slow calls (longer than `slow`), the share of exceptions or their number is above `threshold` (a slow share
// of 1.0 also at it), and opens it for `window`. Then one call is let through, and it decides.
//
// The bucket is emptied when its second is over, so a ratio is often taken of five calls: the cause of its false trips.
#pragma once

#include <array>

#include "engine/guard/breaker.h"
#include "engine/guard/rolling_counts.h"

namespace tidemark::guard {

struct SentinelBreakerSettings {
  enum class Grade : std::uint8_t { slow_ratio, exception_ratio, exception_count };
  static constexpr std::array<std::string_view, 3> kGrades = {"slow_ratio", "exception_ratio", "exception_count"};

  Grade grade = Grade::exception_ratio;
  double threshold = 0.5;                       // a share, or with exception_count a number
  Nanos slow = std::chrono::milliseconds(500);  // slow_ratio: the rule's count, which has no default of its own
  Nanos interval = std::chrono::seconds(1);     // statIntervalMs
  std::uint32_t min_requests = 5;               // minRequestAmount
  Nanos window = std::chrono::seconds(10);      // timeWindow, which has no default of its own

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.word("grade", self.grade, kGrades);
    fields.number("threshold", self.threshold, 0, 1e6);
    fields.duration("slow", self.slow, Nanos{}, hours(1));
    fields.duration("interval", self.interval, milliseconds(1), hours(1));
    fields.count("min_requests", self.min_requests, 1, 1'000'000);
    fields.duration("window", self.window, milliseconds(1), hours(24));
  }
};

class SentinelBreaker final : public Breaker {
 public:
  explicit SentinelBreaker(const SentinelBreakerSettings& settings)
      : settings_(settings), counts_(settings.interval, 1) {
    counts_.clear(Instant{});
  }
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant now, Permit permit) override;
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }

 private:
  bool over(const CallCounts& sum) const;
  void open(Instant now);

  SentinelBreakerSettings settings_;
  RollingCounts counts_;
  State state_ = State::closed;
  Instant retry_{};
  std::uint64_t trips_ = 0;
};

}  // namespace tidemark::guard
