// How many nodes an autoscaler asks for: the rules of Kubernetes' HPA, of Knative's KPA and of an external average
// (KEDA), as pure decisions over `now` and measurements. Sources: kubernetes/kubernetes pkg/controller/podautoscaler
// replica_calculator.go and horizontal.go; knative/serving pkg/autoscaler/scaling/autoscaler.go; KEDA scales by an HPA
// on an external metric. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <deque>

#include "engine/core/units.h"
#include "models/twin/system.h"

namespace tidemark::twin {

// ceil(nodes x usage / target), unchanged within the tolerance of 0.1. Nodes that are not ready count as idle when more
// are wanted (and as absent when fewer are): what that leaves within the tolerance, or turns round, changes nothing.
std::uint32_t hpa_desired(std::uint32_t ready, std::uint32_t unready, double usage, double target);
// The upper limit of one step up: twice as many or 4 more in 15 s.
std::uint32_t hpa_most_up(std::uint32_t nodes);
// ceil(sum / target), as for an average per node of an external sum.
std::uint32_t external_desired(std::uint32_t nodes, double sum, double target);

struct ScaleInput {
  Nanos now{};
  std::uint32_t ready = 0, unready = 0;  // taking requests; starting
  // Means since the last tick, over the whole fleet.
  double busy_share = 0;    // of the ready nodes' workers
  double concurrency = 0;   // requests in its nodes
  double arrival_rate = 0;  // per second
};

class AutoscalerState {
 public:
  explicit AutoscalerState(const Autoscaler& settings) : settings_(settings) {}
  // To be asked once a tick.
  std::uint32_t desired(const ScaleInput& input);
  bool panics() const { return panics_; }

 private:
  std::uint32_t stabilised(Nanos now, std::uint32_t wanted, std::uint32_t nodes);
  std::uint32_t kpa(const ScaleInput& input);
  double mean_concurrency(Nanos from) const;

  struct Seen {
    Nanos at{};
    double value = 0;
  };
  Autoscaler settings_;
  std::deque<Seen> recommended_;  // hpa: of the last 300 s
  std::deque<Seen> concurrency_;  // kpa: of the last 60 s
  bool panics_ = false;
  Nanos panicked_{};  // when it was last seen to be needed
  std::uint32_t panic_nodes_ = 0;
};

}  // namespace tidemark::twin
