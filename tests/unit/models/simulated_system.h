// Systems that a search is tried on without a socket: each answers a Poisson stream of requests and is seen second by
// second, as a real run would be. Seeded; not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "models/search/search.h"

namespace tidemark::testing {

class SimulatedSystem {
 public:
  virtual ~SimulatedSystem() = default;
  virtual void drain() {}  // before a probe
  // Response time in seconds of the request that arrives at `t` while requests come at `rate` per second.
  virtual double respond(double t, double rate, Random& random) = 0;
};

// `servers` with one queue; service times lognormal.
class QueueSystem : public SimulatedSystem {
 public:
  QueueSystem(int servers, double mean_s, double cv)
      : free_at_(static_cast<std::size_t>(servers)), mean_s_(mean_s), cv_(cv) {}
  void drain() override { free_at_.assign(free_at_.size(), 0); }
  double respond(double t, double rate, Random& random) override;

 private:
  std::vector<double> free_at_;
  double mean_s_, cv_;
};

class FunctionSystem : public SimulatedSystem {
 public:
  using Function = std::function<double(double rate, Random&)>;
  explicit FunctionSystem(Function function) : function_(std::move(function)) {}
  double respond(double, double rate, Random& random) override { return function_(rate, random); }

 private:
  Function function_;
};

struct SimulatedSearch {
  search::SearchResult result;
  std::vector<search::Search::Taken> taken;
  double lasted_s = 0;
};

// Plays the whole search. `validity` may spoil a probe: it is asked for each, and its answer becomes the run's
// validity.
SimulatedSearch simulate_search(const search::SearchOptions& options, SimulatedSystem& system, std::uint64_t seed,
                                const std::function<std::string(const search::Probe&)>& validity = {});

// Share of requests above `limit_s` at `rate` over a long time, and the rate where it crosses `allowed`, by bisection.
double long_run_share(SimulatedSystem& system, double rate, double limit_s, std::uint64_t requests, std::uint64_t seed);
double true_limit(SimulatedSystem& system, double limit_s, double allowed, double from, double to);

}  // namespace tidemark::testing
