// resilience4j's rule (resilience4j/resilience4j: CircuitBreakerConfig.java, CircuitBreakerStateMachine.java,
// CircuitBreakerMetrics.java). A window of the last `window_calls` calls, or of the last `window` in whole seconds;
// once it holds `minimum` calls, every outcome asks whether `failure_percent` of them failed or `slow_percent` took
// longer than `slow`, and opens it. After `wait` it lets `half_open_calls` through and applies the same rule to those.
//
// Three consequences that its users report, kept here and held true by tests: failures and slow calls share one minimum
// (resilience4j#1394), the outcome that opens it may be a success (#1754), and calls that hang are no outcome at all,
// so that it does not open while they last (#1597). An outcome counts in the state that it arrives in.
#pragma once

#include <array>
#include <vector>

#include "engine/guard/breaker.h"
#include "engine/guard/rolling_counts.h"

namespace tidemark::guard {

struct Resilience4jSettings {
  enum class Window : std::uint8_t { count, time };
  static constexpr std::array<std::string_view, 2> kWindows = {"count", "time"};

  Window by = Window::count;                 // slidingWindowType
  std::uint32_t window_calls = 100;          // slidingWindowSize by count
  Nanos window = std::chrono::seconds(100);  // slidingWindowSize by time, whole seconds
  std::uint32_t minimum = 100;               // minimumNumberOfCalls; by count at most window_calls
  double failure_percent = 50;               // failureRateThreshold, reached or passed
  double slow_percent = 100;                 // slowCallRateThreshold
  Nanos slow = std::chrono::seconds(60);     // slowCallDurationThreshold, passed
  Nanos wait = std::chrono::seconds(60);     // waitDurationInOpenState
  std::uint32_t half_open_calls = 10;        // permittedNumberOfCallsInHalfOpenState

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.word("by", self.by, kWindows);
    fields.count("window_calls", self.window_calls, 1, 1'000'000);
    fields.duration("window", self.window, seconds(1), hours(1));
    fields.count("minimum", self.minimum, 1, 1'000'000);
    fields.number("failure_percent", self.failure_percent, 1e-3, 100);
    fields.number("slow_percent", self.slow_percent, 1e-3, 100);
    fields.duration("slow", self.slow, Nanos{}, hours(24));
    fields.duration("wait", self.wait, Nanos{}, hours(24));
    fields.count("half_open_calls", self.half_open_calls, 1, 1'000'000);
  }
};

// The counts of the last `size` calls.
class CallRing {
 public:
  explicit CallRing(std::size_t size) : ring_(size) {}
  void add(bool failed, bool slow);
  void clear();
  const CallCounts& sum() const { return sum_; }

 private:
  std::vector<CallCounts> ring_;
  std::size_t next_ = 0;
  CallCounts sum_;
};

class Resilience4jBreaker final : public Breaker {
 public:
  explicit Resilience4jBreaker(const Resilience4jSettings& settings);
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant now, Permit permit) override;
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }

 private:
  enum class Verdict { below_minimum, fine, over };
  Verdict judge(const CallCounts& counts, std::uint64_t minimum) const;
  void finished_closed(Instant now, bool failed, bool slow);
  void open(Instant now);
  void close();

  Resilience4jSettings settings_;
  CallRing calls_, probes_;
  RollingCounts seconds_;
  State state_ = State::closed;
  Instant retry_{};
  std::uint32_t places_ = 0;  // probes that may still be let through
  std::uint64_t trips_ = 0;
};

}  // namespace tidemark::guard
