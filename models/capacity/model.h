// The capacity model: what `tidemark fit` learns from run directories and `tidemark plan` reads. Everything in it is
// measured: nothing of what a topology declares is read (tests/integration/fit_blind_test.cpp). File format:
// docs/model.md. Thread-safe: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/histogram.h"

namespace tidemark::capacity {

struct Interval95 {
  double value = 0, low = 0, high = 0;
};

// One service at one load stage of one calibration run, warm-up cut away.
struct LoadPoint {
  std::string run_id;
  int stage = 0;
  std::uint32_t nodes = 1;
  double flow_rate = 0;      // flows per second offered to the whole chain
  double rate_per_node = 0;  // requests per second completed by one node, mean over nodes
  double busy_per_node = 0;  // mean held worker slots per node (utilisation law: rate x mean hold)
  double wait_per_node = 0;  // mean queue length per node
  double cpu_per_node = 0;   // cores
  double hold_s = 0;         // mean seconds a slot is held per request
  bool saturated = false;
};

// A throughput-against-concurrency law fitted to LoadPoints: X(N), N = requests in the node (busy + waiting).
struct ScalabilityFit {
  std::string law;                               // "linear" | "amdahl" | "usl" | "pool-limited"
  std::map<std::string, Interval95> parameters;  // lambda, sigma, kappa | workers, hold_s
  double residual_se = 0, aicc = 0;
  std::uint32_t points = 0;
  bool usable = false;
  std::string note;  // why it stopped, why not usable
};

struct ServiceModel {
  std::string service;
  std::uint32_t workers = 0;  // per node, as the nodes reported; 0: unbounded
  std::vector<LoadPoint> points;
  std::vector<ScalabilityFit> fits;  // all that were tried, best AICc first
  std::string chosen;                // law used for planning
  std::string reason;                // one sentence: AICc, and what the watermark says saturated
  Interval95 hold_s;                 // mean slot-seconds per request, over all flows, where nobody it calls waits
  double hold_cv = 0;                // of the hold time: what the measured waits and the response at low load imply
  double hold_cv_se = 0;             // its standard error
  std::map<std::string, double>
      hold_waits;                // other services whose mean wait lengthens the hold, and how many times it does
  Interval95 capacity_per_node;  // requests per second where the pool is full (or the law's limit)
  double scaling_exponent = 1;   // capacity(n) = n^exponent x capacity(1); 1: scales out linearly
  bool scales_out = true;        // false for shared stores: more nodes are not an option
};

// Requests and slot-seconds that one flow causes at one service.
struct Demand {
  double visits = 0;  // requests per flow
  Interval95 busy_s;  // slot-seconds per flow
  Interval95 cpu_s;   // CPU seconds per flow
};

// One step's response time: what is left when nobody waits, plus the waits of the services on its path.
struct StepLatency {
  std::string step, flow;
  Histogram base;                      // response at the lowest loads, waits negligible, microseconds
  std::map<std::string, double> path;  // service -> sequential visits whose wait adds to this step's response
};

struct CapacityModel {
  std::vector<std::string> run_ids;
  std::map<std::string, double> mix;  // flow -> share in the calibration
  std::map<std::string, ServiceModel> services;
  std::map<std::string, std::map<std::string, Demand>> demand;  // flow -> service
  std::vector<StepLatency> steps;
  std::vector<std::string> notes;  // refusals and flags, for a person
};

nlohmann::json to_json(const CapacityModel& model);
Result<CapacityModel> parse_model(const nlohmann::json& json, std::string_view place);

}  // namespace tidemark::capacity
