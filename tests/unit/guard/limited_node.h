// One node behind a limiter, simulated: bounded workers, one queue, Poisson arrivals at rates that change by stages,
// lognormal service, requests of one or several calls one after another. What the tests of limiters ask questions of.
// Seeded: the same settings give the same run. One owner.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct LimitedNode {
  struct Stage {
    double rate_rps, seconds;
  };
  std::vector<Stage> stages;
  std::uint32_t workers = 8;
  double service_s = 0.01;
  double cv = 1;                                    // of the service time
  std::array<double, kPriorities> mix{0, 1, 0, 0};  // shares of the requests
  int calls = 1;                                    // of one request, in turn
  double between_s = 0.005;                         // from a call's end to the next one of its request
  bool tell_under_way = true;
  double timeout_s = 1;  // a request that takes longer is lost to its user, though the node serves it
  double bin_s = 0.05;
  std::uint64_t seed = 1;

  struct Bin {
    std::uint64_t arrived = 0, good = 0;  // requests, by when they arrived and when they ended
    double limit = 0;                     // at its end
  };
  struct Outcome {
    std::vector<Bin> bins;
    std::array<std::uint64_t, kPriorities> arrived{}, refused{}, good{};  // requests
    std::uint64_t half_done = 0;      // refused after at least one call had been served
    std::vector<double> latencies_s;  // of the good ones
    double longest_wait_s = 0;        // for a worker

    std::uint64_t refusals() const;
    double good_between(double from_s, double to_s, double bin) const;  // requests a second
    double quantile_s(double q) const;
  };
  double capacity_rps() const { return workers / service_s / calls; }
  // `service` overrides the mean service time at an instant (seconds from the start).
  Outcome run(Limiter& limiter, const std::function<double(double)>& service = {}) const;
};

}  // namespace tidemark::guard
