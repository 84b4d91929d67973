// The plan: nodes per service for a target rate, mix and SLO, derived backwards from a CapacityModel. File format:
// docs/model.md. Thread-safe: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "models/capacity/model.h"

namespace tidemark::capacity {

struct Slo {
  double quantile = 0.99;
  double limit_us = 86'000;  // holds for every step of every flow in the mix
};
Result<Slo> parse_slo(const std::string& text);  // "p99=86ms"; p50, p90, p95, p99, p99.9; us, ms, s

struct PlanRequest {
  double rate = 0;                    // flows per second
  std::map<std::string, double> mix;  // flow -> weight; empty: the calibration's
  Slo slo;
  double headroom = 0.2;  // nodes are planned for rate x (1 + headroom)
};

struct ServicePlan {
  std::uint32_t nodes_before_headroom = 1;  // n0: the least that holds the SLO at the rate itself
  std::uint32_t nodes = 1;                  // with headroom
  double requests_per_second = 0;           // of the whole service, at the rate
  double busy_share = 0;                    // per node, at n0
  std::string reason;
};

struct PredictedStep {
  std::string step;
  Interval95 quantile_us;  // the SLO's quantile of the response time
  double p50_us = 0, p95_us = 0, p99_us = 0;
  bool holds = false;
};

struct Plan {
  PlanRequest request;
  std::map<std::string, ServicePlan> services;
  std::string bottleneck;                     // the service that an extra node helps most at n0
  std::vector<PredictedStep> predicted;       // at n0
  std::vector<PredictedStep> predicted_less;  // at n0 with one node less on the bottleneck
  // Admission limits per service in requests per second and burst: limits.json. The edge's is the rate that the planned
  // nodes hold.
  struct Limit {
    double rate = 0, burst = 0;
  };
  std::map<std::string, Limit> limits;
  std::vector<std::string> model_run_ids;
  std::vector<std::string> notes;
};

// Nodes as given: what would each step's response time be? Fails (exit 7) where a service would be overloaded outright.
Result<std::vector<PredictedStep>> predict(const CapacityModel& model, const PlanRequest& request,
                                           const std::map<std::string, std::uint32_t>& nodes);
// Exit 7 when the SLO cannot be met by adding nodes, naming the step and the part of the time that no node removes.
Result<Plan> make_plan(const CapacityModel& model, const PlanRequest& request);

nlohmann::json to_json(const Plan& plan);
Result<Plan> parse_plan(const nlohmann::json& json, std::string_view place);
nlohmann::json limits_json(
    const Plan& plan);  // {"schema":"tidemark.limits/1","limits":{"gateway":{"rate":..,"burst":..}}}

// A plan held against a run: `tidemark verify`.
struct StepVerification {
  std::string step;
  double predicted_us = 0;
  Interval95 measured_us;  // the SLO's quantile
  double error = 0;        // measured / predicted - 1
  std::string slo;         // "held" | "missed" | "undecided": the interval against the limit
};
struct Verification {
  std::string run_id;                        // of the only run, or of the last one
  std::vector<std::string> earlier_run_ids;  // of the runs that it extended: their responses count too
  std::map<std::string, std::uint32_t> nodes;
  double rate = 0, achieved_rate = 0;
  bool one_less = false;  // run with one node less on the bottleneck: the SLO is expected to be missed
  std::vector<StepVerification> steps;
  std::string verdict;  // "pass" | "fail" | "undecided"
  std::vector<std::string> notes;
};
nlohmann::json to_json(const Verification& verification);
Result<Verification> parse_verification(const nlohmann::json& json, std::string_view place);

}  // namespace tidemark::capacity
