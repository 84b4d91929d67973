// A dependency that answers at once and fails each call independently with the same probability, below what anybody
// would open for, and what a breaker makes of it. Poisson arrivals. The table of false trips is made of this, by the
// test with a small sample and by scripts/prove breakers with a large one.
#pragma once

#include <cstdint>

#include "engine/core/random.h"
#include "engine/guard/breaker_settings.h"

namespace tidemark::guard {

struct FalseTrips {
  double hours = 0;
  std::uint64_t trips = 0, requests = 0, good = 0, good_refused = 0;

  double per_hour() const { return static_cast<double>(trips) / hours; }
  // Of the requests that would have succeeded.
  double refused_share() const { return static_cast<double>(good_refused) / static_cast<double>(good); }
};

inline FalseTrips false_trips(const BreakerSettings& settings, Rate rate, double p, double hours, std::uint64_t seed) {
  const auto breaker = make_breaker(settings, seed);
  Random arrivals(seed, "arrivals"), failures(seed, "failures");
  const double gap_s = 1 / rate.per_second();
  FalseTrips result{.hours = hours};
  Instant now(std::chrono::hours(1));
  for (const Instant end = now + from_seconds(hours * 3600);;) {
    now += from_seconds(arrivals.exponential(gap_s));
    if (now >= end) break;
    const bool fails = failures.uniform() < p;
    ++result.requests;
    result.good += fails ? 0 : 1;
    if (const auto permit = breaker->allow(now)) {
      breaker->finished(now, *permit, {.latency = Nanos{}, .failed = fails});
    } else {
      result.good_refused += fails ? 0 : 1;
    }
  }
  result.trips = breaker->trips();
  return result;
}

// The table of the literature's rules by Monte Carlo, which our implementations must give again: trips an hour and
// share of good requests refused, where given (negative: not given).
struct PublishedTrips {
  const char* kind;
  double rate, p, per_hour, refused;
};
inline constexpr PublishedTrips kPublishedTrips[] = {
    {"sentinel", 100, 0.05, 5, 0.014},  {"sentinel", 100, 0.10, 34, 0.094},
    {"sentinel", 100, 0.20, 176, 0.49}, {"sentinel", 100, 0.30, 292, 0.81},
    {"sentinel", 3, 0.05, 1, -1},       {"sentinel", 3, 0.10, 6, -1},
    {"sentinel", 3, 0.20, 43, 0.12},    {"sentinel", 3, 0.30, 111, 0.31},
    {"gobreaker", 100, 0.05, 0, -1},    {"gobreaker", 100, 0.10, 0.3, -1},
    {"gobreaker", 100, 0.20, 16, 0.26}, {"gobreaker", 100, 0.30, 49, 0.82},
    {"gobreaker", 3, 0.05, 0, -1},      {"gobreaker", 3, 0.10, 0, -1},
    {"gobreaker", 3, 0.20, 0.8, 0.013}, {"gobreaker", 3, 0.30, 6.6, 0.11},
    {"hystrix", 100, 0.05, 0, -1},      {"hystrix", 100, 0.10, 0, -1},
    {"hystrix", 100, 0.20, 0, -1},      {"hystrix", 100, 0.30, 0, -1},
    {"hystrix", 3, 0.05, 0, -1},        {"hystrix", 3, 0.10, 0, -1},
    {"hystrix", 3, 0.20, 1.1, 0.001},   {"hystrix", 3, 0.30, 31, 0.042},
    {"resilience4j", 100, 0.05, 0, -1}, {"resilience4j", 100, 0.10, 0, -1},
    {"resilience4j", 100, 0.20, 0, -1}, {"resilience4j", 100, 0.30, 1.3, 0.022},
    {"resilience4j", 3, 0.05, 0, -1},   {"resilience4j", 3, 0.10, 0, -1},
    {"resilience4j", 3, 0.20, 0, -1},   {"resilience4j", 3, 0.30, 0.1, -1},
};

}  // namespace tidemark::guard
