#include "models/capacity/demand_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/capacity/least_squares.h"

namespace tidemark::capacity {
namespace {

constexpr double kPriorSpread = 0.5;  // how far one flow's hold may be from the service's mean hold, as a share of it
constexpr double kHoldCv = 0.7;       // of a hold time, only for the weights

struct Rows {
  std::vector<std::vector<double>> x;  // flows per second
  std::vector<double> y, weight;
};

// Completed steps tell each flow's rate in a stage: a flow's steps are answered equally often.
double flow_rate_in(const Stage& stage, const std::string& flow, const Calibration& calibration) {
  double count = 0, all = 0;
  std::map<std::string, double> per_flow;
  for (const auto& [step, histogram] : stage.response) {
    const auto owner = calibration.flow_of_step.find(step);
    if (owner == calibration.flow_of_step.end()) continue;
    auto& most = per_flow[owner->second];
    most = std::max(most, static_cast<double>(histogram.total()));
  }
  for (const auto& [name, total] : per_flow) {
    all += total;
    if (name == flow) count = total;
  }
  return all > 0 ? stage.flow_rate * count / all : 0;
}

// Busy slots of the service over all nodes, freed of what its callees' waits add.
double own_busy(const ServiceModel& model, const ServiceReading& reading, const Stage& stage) {
  double hold = reading.hold_s();
  for (const auto& [other, times] : model.hold_waits) {
    const auto found = stage.services.find(other);
    if (found != stage.services.end()) hold -= times * found->second.wait_s();
  }
  return std::max(0.0, hold) * reading.rate_per_node() * reading.nodes;
}

Rows busy_rows(const ServiceModel& model, const std::vector<std::string>& flows, const Calibration& calibration) {
  Rows rows;
  for (const auto& stage : calibration.stages) {
    const auto found = stage.services.find(model.service);
    if (found == stage.services.end() || found->second.completed < 1 || !steady(stage)) continue;
    std::vector<double> rates;
    for (const auto& flow : flows) rates.push_back(flow_rate_in(stage, flow, calibration));
    const double busy = own_busy(model, found->second, stage);
    const double sd = std::max(1e-9, busy * kHoldCv / std::sqrt(found->second.completed));
    rows.x.push_back(std::move(rates));
    rows.y.push_back(busy);
    rows.weight.push_back(1 / (sd * sd));
  }
  return rows;
}

// CPU seconds per request: the slope of CPU by rate, the node's idle CPU left out.
double cpu_per_request(const std::vector<LoadPoint>& points) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const auto& point : points) {
    n += 1, sx += point.rate_per_node, sy += point.cpu_per_node;
    sxx += point.rate_per_node * point.rate_per_node, sxy += point.rate_per_node * point.cpu_per_node;
  }
  const double spread = sxx - sx * sx / std::max(n, 1.0);
  if (spread > 1e-9) return std::max(0.0, (sxy - sx * sy / n) / spread);
  return sx > 0 ? sy / sx : 0;
}

}  // namespace

std::map<std::string, std::map<std::string, Demand>> fit_demand(const std::map<std::string, ServiceModel>& services,
                                                                const Calibration& calibration) {
  std::map<std::string, std::map<std::string, Demand>> result;
  for (const auto& [name, model] : services) {
    std::vector<std::string> flows;
    std::vector<double> prior, prior_sd;
    for (const auto& [flow, visits] : calibration.visits) {
      const auto found = visits.find(name);
      if (found == visits.end() || found->second <= 1e-3) continue;
      flows.push_back(flow);
      prior.push_back(found->second * model.hold_s.value);
      prior_sd.push_back(kPriorSpread * prior.back());
    }
    if (flows.empty()) continue;
    if (flows.size() == 1)
      prior_sd = {prior[0] * std::max(1e-6, model.hold_s.high / std::max(model.hold_s.value, 1e-12) - 1)};
    const Rows rows = busy_rows(model, flows, calibration);
    const auto estimate = solve_nonnegative(rows.x, rows.y, rows.weight, prior, prior_sd);
    const double cpu = cpu_per_request(model.points);
    for (std::size_t i = 0; i < flows.size(); ++i) {
      const double half = 1.96 * estimate.standard_error[i];
      const double visits = calibration.visits.at(flows[i]).at(name);
      result[flows[i]][name] = {
          .visits = visits,
          .busy_s = {estimate.value[i], std::max(0.0, estimate.value[i] - half), estimate.value[i] + half},
          .cpu_s = {visits * cpu, visits * cpu, visits * cpu}};
    }
  }
  return result;
}

}  // namespace tidemark::capacity
