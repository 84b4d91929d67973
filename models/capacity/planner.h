// The search for the least nodes that hold an SLO, and the sentences that explain it. Internal to make_plan. Not
// thread-safe.
#pragma once

#include <string>

#include "models/capacity/predictor.h"

namespace tidemark::capacity {

class Planner {
 public:
  Planner(const CapacityModel& model, std::map<std::string, double> mix, const PlanRequest& request);

  // The least nodes per service that hold the SLO at `flow_rate`, none below `at_least`. Exit 7 where nodes do not
  // help.
  Result<Nodes> size(double flow_rate, const Nodes& at_least);
  // The service that one more node helps most; where nobody waits, the busiest that can be multiplied.
  std::string bottleneck(double flow_rate, const Nodes& nodes);
  // The highest flow rate that these nodes hold within the SLO; at least `known_good`.
  double highest_rate(const Nodes& nodes, double known_good);
  std::string reason(const std::string& service, double flow_rate, const Nodes& nodes);
  Evaluation evaluate(double flow_rate, const Nodes& nodes) { return predictor_.evaluate(flow_rate, nodes); }
  double visits(const std::string& service) const { return predictor_.visits(service); }

 private:
  Result<Nodes> least_by_utilisation(double flow_rate, const Nodes& at_least);
  Result<void> check_base();
  Error out_of_reach(const Evaluation& evaluation, double flow_rate) const;
  std::string most_helpful(double flow_rate, const Nodes& nodes, const Evaluation& now);
  bool can_grow(const std::string& service) const;

  const CapacityModel& model_;
  PlanRequest request_;
  Predictor predictor_;
};

// "p99" for 0.99, "p99.9" for 0.999.
std::string quantile_name(double quantile);
// Microseconds for a person: "86.0 ms", "850 us", "1.20 s".
std::string human_time(double us);

}  // namespace tidemark::capacity
