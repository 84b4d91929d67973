// Evaluates a CapacityModel at a flow rate and node counts: each service's load and wait, each step's response. Keeps
// the simulated waits, so that a planner that asks for many neighbouring configurations stays quick. Not thread-safe:
// one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/core/histogram.h"
#include "models/capacity/distribution.h"
#include "models/capacity/model.h"
#include "models/capacity/plan.h"

namespace tidemark::capacity {

using Nodes = std::map<std::string, std::uint32_t>;

struct ServiceLoad {
  double requests_per_second = 0;  // of the whole service
  double hold_s = 0;               // mean, with the waits of those it calls
  double busy_share = 0;           // per node; may exceed 1
  double waiting_share = 0;        // of arrivals that wait
  double mean_wait_s = 0;
  bool overloaded = false;  // no steady state: the queue grows without end
};

struct StepResponse {
  const StepLatency* step = nullptr;
  double quantile_us = 0;  // the SLO's; infinite where a service on the path is overloaded
  double p50_us = 0, p95_us = 0, p99_us = 0;
};

struct Evaluation {
  std::map<std::string, ServiceLoad> loads;
  std::vector<StepResponse> steps;  // of the flows in the mix
  bool holds = false;
  // The step with the largest quantile: the one that decides. Steps is never empty in a valid plan.
  const StepResponse& worst() const;
  std::string overloaded() const;  // name of the most overloaded service, "" when none
};

class Predictor {
 public:
  // `model` must outlive the predictor. `mix` holds shares that sum to 1.
  Predictor(const CapacityModel& model, std::map<std::string, double> mix, Slo slo);

  Evaluation evaluate(double flow_rate, const Nodes& nodes);
  // Requests per flow of the mix at a service.
  double visits(const std::string& service) const;
  // Slot-seconds per flow of the mix at a service, where nobody waits.
  double busy_s(const std::string& service) const;

 private:
  const Histogram& waits(const ServiceModel& service, double rate_per_node, double hold_s);
  ServiceLoad load_of(const ServiceModel& service, double flow_rate, double nodes,
                      const std::map<std::string, ServiceLoad>& others);
  StepResponse respond(const StepLatency& step, const std::map<std::string, ServiceLoad>& loads, const Nodes& nodes);

  const CapacityModel& model_;
  std::map<std::string, double> mix_;
  Slo slo_;
  std::map<std::tuple<std::string, double, double>, Histogram> waits_;
};

// Nodes of a service, 1 where the map is silent.
std::uint32_t nodes_of(const Nodes& nodes, const std::string& service);

// The mix of a request as shares that sum to 1: its own, or the calibration's. Exit 2 for unknown flows or weights
// below 0.
Result<std::map<std::string, double>> resolve_mix(const CapacityModel& model, const PlanRequest& request);
// Exit 2 for a rate, headroom or SLO out of range.
Result<void> check_request(const PlanRequest& request);

// The evaluated steps with their 95 % intervals: parameters moved by their standard errors, and the base's sampling
// error.
std::vector<PredictedStep> with_intervals(const CapacityModel& model, const std::map<std::string, double>& mix,
                                          const PlanRequest& request, const Nodes& nodes, const Evaluation& evaluation);

}  // namespace tidemark::capacity
