// Drives a breaker through a written series of calls, for the tests of the rules.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/guard/breaker_settings.h"

namespace tidemark::guard {

class BreakerDriver {
 public:
  explicit BreakerDriver(const BreakerSettings& settings, std::uint64_t seed = 1)
      : breaker_(make_breaker(settings, seed)) {}
  explicit BreakerDriver(std::string_view kind) : BreakerDriver(*default_breaker(kind)) {}

  Breaker& breaker() { return *breaker_; }
  Instant now() const { return now_; }
  void wait(Nanos time) { now_ += time; }
  std::optional<Breaker::Permit> allow() { return breaker_->allow(now_); }
  void finish(Breaker::Permit permit, bool failed, Nanos latency = Nanos{}) {
    breaker_->finished(now_, permit, {.latency = latency, .failed = failed});
  }
  // One call that ends at once; false if it was refused.
  bool call(bool failed, Nanos latency = Nanos{}) {
    const auto permit = allow();
    if (permit) finish(*permit, failed, latency);
    return permit.has_value();
  }
  // "+++-" is three successes and a failure, `gap` apart. How many were let through.
  std::size_t calls(std::string_view outcomes, Nanos gap) {
    std::size_t through = 0;
    for (const char outcome : outcomes) {
      through += call(outcome == '-') ? 1 : 0;
      wait(gap);
    }
    return through;
  }
  Breaker::State state() const { return breaker_->state(now_); }
  std::uint64_t trips() const { return breaker_->trips(); }

 private:
  std::unique_ptr<Breaker> breaker_;
  Instant now_ = Instant(std::chrono::hours(1));
};

inline std::string times(std::size_t count, char outcome) {
  return std::string(count, outcome);
}

}  // namespace tidemark::guard
