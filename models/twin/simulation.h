// A discrete-event simulation of a System under a stream of arrivals, with the guard code of the live stack
// (engine/guard): equal systems, options and arrivals give equal bytes, on every machine. One owner, one thread; any
// number of simulations side by side.
//
//   auto simulation = Simulation::create(system, {.seed = 7, .limiter = ...});
//   simulation->start(arrivals);            // offsets and flow numbers as in engine/schedule
//   simulation->run_until(5s);              // warm up
//   simulation->reset_results();
//   simulation->run_until(65s);
//   simulation->results().priorities[0].good / 60.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/watermark.h"
#include "engine/guard/breaker.h"
#include "engine/guard/limiter.h"
#include "engine/schedule/arrivals.h"
#include "models/twin/results.h"
#include "models/twin/system.h"

namespace tidemark::twin {

// Guards see simulated time as instants from here on.
inline constexpr Instant kEpoch = Instant(std::chrono::hours(24));

struct NodeName {
  std::string service, node;  // "product", "product-2"; with regions "eu/product-2"
  std::uint32_t workers = 0, queue_limit = 0;
};

struct SimulationOptions {
  std::uint64_t seed = 1;
  Nanos window = std::chrono::milliseconds(50);  // of Results::windows; 0: none are kept
  // A step that ended well within this is `good`; 0: every one that ended well.
  Nanos good_within{};
  // Asked once for each node (autoscaled ones included) and once for each pair of a node and a service it calls; null:
  // none.
  std::function<std::unique_ptr<guard::Limiter>(const NodeName& node, std::uint64_t seed)> limiter{};
  std::function<std::unique_ptr<guard::Breaker>(const NodeName& from, const std::string& to, std::uint64_t seed)>
      breaker{};
};

class Simulation {
 public:
  // Exit 2 with every problem of the system.
  static Result<std::unique_ptr<Simulation>> create(const System& system, SimulationOptions options);
  ~Simulation();

  // Before the first run_until(). `arrivals` must outlive the simulation; its flow numbers index System::flows.
  void start(schedule::ArrivalStream& arrivals);
  // Everything that happens before `end`, an offset from the start; not before the last one. The memory that it takes
  // is that of the requests in the system.
  void run_until(Nanos end);
  Nanos now() const;
  // No flow is under way and none will arrive.
  bool idle() const;

  // Since the start or the last reset, up to now.
  const Results& results();
  void reset_results();

  std::size_t nodes() const;  // all that may ever be, in a fixed order
  NodeName node_name(std::size_t node) const;
  // What the node's own GET /watermark would say now. `missed`: it is down, or not started yet.
  WatermarkSample watermark(std::size_t node);
  // What its limiter has in force now; -1 without one.
  double limit(std::size_t node) const;
  std::uint32_t fleet(const std::string& service) const;  // nodes of a service that take requests, over all regions

 private:
  class Engine;
  explicit Simulation(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace tidemark::twin
