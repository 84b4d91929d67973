// The offline optimum that a limiter is held against: somebody who knows every node's capacity and the whole mix admits
// exactly what can be served, the important first, and wastes nothing. A fluid bound: with D(f, s) the time at a worker
// of service s that one flow f takes, and W(s) the workers of all its nodes,
//   sum over f of x(f) D(f, s) <= W(s) for each s,  x(f) <= what arrives of f,
// filled by priority, within a priority in proportion. Randomness can only take away from it, except that a finite run
// may draw shorter times than the mean. Thread-safe: constant after it is made.
#pragma once

#include <array>
#include <vector>

#include "engine/core/error.h"
#include "models/twin/system.h"

namespace tidemark::duel {

class Oracle {
 public:
  // Exit 2 for a system whose optimum does not follow from its means: caches, quotas, shared parts, autoscalers,
  // faults, slow nodes, regions; or one in which no service has bounded workers.
  static Result<Oracle> of(const twin::System& system);

  // Flows a second of the system's mix at which its first service is full: the 1x of a duel.
  double capacity_rps() const { return capacity_rps_; }
  // Steps a second that end well when so many flows arrive a second, by priority.
  std::array<double, guard::kPriorities> optimum_rps(double arrivals_rps) const;

 private:
  struct FlowDemand {
    double share = 0;  // of the arrivals
    int priority = 0;
    double steps = 0;
    std::vector<double> worker_s{};  // per service
  };

  std::vector<FlowDemand> flows_;
  std::vector<double> workers_;  // per service; 0: without bound
  double capacity_rps_ = 0;
};

}  // namespace tidemark::duel
