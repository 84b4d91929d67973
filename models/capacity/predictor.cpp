#include "models/capacity/predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/capacity/queueing.h"
#include "models/capacity/wait_simulation.h"

namespace tidemark::capacity {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNoWait = 1e-4;  // a smaller share of arrivals that wait moves no quantile that is planned for
constexpr double kFull = 0.995;   // a queue this close to full has no steady state within any run
constexpr double kGridSpan = 16;  // the grid reaches this many times the SLO's limit

}  // namespace

std::uint32_t nodes_of(const Nodes& nodes, const std::string& service) {
  const auto found = nodes.find(service);
  return found == nodes.end() ? 1 : std::max(1U, found->second);
}

const StepResponse& Evaluation::worst() const {
  return *std::max_element(steps.begin(), steps.end(),
                           [](const auto& a, const auto& b) { return a.quantile_us < b.quantile_us; });
}

std::string Evaluation::overloaded() const {
  std::string name;
  double busiest = 0;
  for (const auto& [service, load] : loads) {
    if (load.overloaded && load.busy_share > busiest) name = service, busiest = load.busy_share;
  }
  return name;
}

Predictor::Predictor(const CapacityModel& model, std::map<std::string, double> mix, Slo slo)
    : model_(model), mix_(std::move(mix)), slo_(slo) {}

double Predictor::visits(const std::string& service) const {
  double sum = 0;
  for (const auto& [flow, share] : mix_) {
    const auto demands = model_.demand.find(flow);
    if (demands == model_.demand.end()) continue;
    const auto demand = demands->second.find(service);
    if (demand != demands->second.end()) sum += share * demand->second.visits;
  }
  return sum;
}

double Predictor::busy_s(const std::string& service) const {
  double sum = 0;
  for (const auto& [flow, share] : mix_) {
    const auto demands = model_.demand.find(flow);
    if (demands == model_.demand.end()) continue;
    const auto demand = demands->second.find(service);
    if (demand != demands->second.end()) sum += share * demand->second.busy_s.value;
  }
  return sum;
}

const Histogram& Predictor::waits(const ServiceModel& service, double rate_per_node, double hold_s) {
  const auto key = std::make_tuple(service.service, rate_per_node, hold_s);
  const auto found = waits_.find(key);
  if (found != waits_.end()) return found->second;
  return waits_.emplace(key, simulate_waits({service.workers, rate_per_node, hold_s}, service.hold_cv)).first->second;
}

ServiceLoad Predictor::load_of(const ServiceModel& service, double flow_rate, double nodes,
                               const std::map<std::string, ServiceLoad>& others) {
  ServiceLoad load;
  const double per_flow = visits(service.service);
  load.requests_per_second = flow_rate * per_flow;
  if (per_flow <= 0) return load;
  load.hold_s = busy_s(service.service) / per_flow * std::pow(nodes, 1 - service.scaling_exponent);
  for (const auto& [other, times] : service.hold_waits) {
    const auto found = others.find(other);
    if (found != others.end() && !found->second.overloaded) load.hold_s += times * found->second.mean_wait_s;
  }
  const double per_node = load.requests_per_second / nodes;
  if (service.workers == 0) {
    if (service.capacity_per_node.value > 0) load.busy_share = per_node / service.capacity_per_node.value;
    load.overloaded = load.busy_share >= 1;
    return load;
  }
  const Queue queue{service.workers, per_node, load.hold_s};
  load.busy_share = queue.utilisation();
  load.overloaded = load.busy_share >= kFull;
  load.waiting_share = erlang_c(queue.servers, queue.offered_load());
  if (!load.overloaded && load.waiting_share > kNoWait) {
    load.mean_wait_s = waits(service, per_node, load.hold_s).mean() * 1e-6;
  }
  return load;
}

StepResponse Predictor::respond(const StepLatency& step, const std::map<std::string, ServiceLoad>& loads,
                                const Nodes& nodes) {
  StepResponse response{.step = &step};
  const auto touches_overload = [&loads](const auto& visit) {
    const auto load = loads.find(visit.first);
    return visit.second > 1e-3 && load != loads.end() && load->second.overloaded;
  };
  if (std::any_of(step.path.begin(), step.path.end(), touches_overload)) {
    response.quantile_us = response.p50_us = response.p95_us = response.p99_us = kInfinity;
    return response;
  }
  double span = std::max(kGridSpan * slo_.limit_us, 4.0 * static_cast<double>(step.base.quantile(0.999)));
  for (int attempt = 0; attempt < 4; ++attempt, span *= 8) {
    const double bin = span / Distribution::kBins;
    Distribution total = Distribution::of(step.base, bin);
    for (const auto& [service, visit_count] : step.path) {
      const auto load = loads.find(service);
      if (load == loads.end() || load->second.mean_wait_s <= 0 || visit_count <= 1e-3) continue;
      const auto& fitted = model_.services.at(service);
      const double per_node = load->second.requests_per_second / nodes_of(nodes, service);
      total = total.plus(Distribution::of(waits(fitted, per_node, load->second.hold_s), bin).times(visit_count));
    }
    response.quantile_us = total.quantile_us(slo_.quantile);
    response.p50_us = total.quantile_us(0.5);
    response.p95_us = total.quantile_us(0.95);
    response.p99_us = total.quantile_us(0.99);
    if (std::isfinite(response.quantile_us) && std::isfinite(response.p99_us)) break;
  }
  return response;
}

Evaluation Predictor::evaluate(double flow_rate, const Nodes& nodes) {
  Evaluation result;
  // Callers hold their slots while those they call wait; as many rounds as the chain may be deep settle that.
  for (std::size_t round = 0; round <= model_.services.size(); ++round) {
    double moved = 0;
    for (const auto& [name, service] : model_.services) {
      const auto before = result.loads[name].hold_s;
      result.loads[name] = load_of(service, flow_rate, nodes_of(nodes, name), result.loads);
      moved = std::max(moved, std::abs(result.loads[name].hold_s - before));
    }
    if (moved < 1e-9) break;
  }
  result.holds = true;
  for (const auto& step : model_.steps) {
    if (!mix_.contains(step.flow)) continue;
    result.steps.push_back(respond(step, result.loads, nodes));
    if (!(result.steps.back().quantile_us <= slo_.limit_us)) result.holds = false;
  }
  return result;
}

Result<std::map<std::string, double>> resolve_mix(const CapacityModel& model, const PlanRequest& request) {
  const auto& given = request.mix.empty() ? model.mix : request.mix;
  std::map<std::string, double> mix;
  double sum = 0;
  for (const auto& [flow, weight] : given) {
    if (!model.demand.contains(flow)) {
      std::string known;
      for (const auto& [name, demand] : model.demand) known += (known.empty() ? "" : ", ") + name;
      return fail(ExitCode::usage, "mix", "the model does not know a flow \"" + flow + "\"", "it knows: " + known);
    }
    if (!(weight >= 0) || !std::isfinite(weight)) return fail(ExitCode::usage, "mix", flow + ": weights are 0 or more");
    if (weight > 0) mix[flow] = weight;
    sum += weight;
  }
  if (!(sum > 0)) return fail(ExitCode::usage, "mix", "no flow has a weight above 0");
  for (auto& [flow, weight] : mix) weight /= sum;
  const bool any_step = std::any_of(model.steps.begin(), model.steps.end(),
                                    [&mix](const StepLatency& step) { return mix.contains(step.flow); });
  if (!any_step) return fail(ExitCode::usage, "mix", "the model has no step of these flows");
  return mix;
}

Result<void> check_request(const PlanRequest& request) {
  if (!(request.rate > 0) || request.rate > 1e9) {
    return fail(ExitCode::usage, "rate", "flows per second must be above 0", "for example --rate 600");
  }
  if (!(request.headroom >= 0) || request.headroom > 100) {
    return fail(ExitCode::usage, "headroom", "must be 0 or more", "0.2 plans for a fifth above the rate");
  }
  if (!(request.slo.quantile > 0 && request.slo.quantile < 1) || !(request.slo.limit_us > 0) ||
      request.slo.limit_us > 3.6e9) {
    return fail(ExitCode::usage, "slo", "the quantile must be between 0 and 1, the limit between 0 and an hour",
                "for example --slo p99=86ms");
  }
  return {};
}

std::vector<PredictedStep> with_intervals(const CapacityModel& model, const std::map<std::string, double>& mix,
                                          const PlanRequest& request, const Nodes& nodes,
                                          const Evaluation& evaluation) {
  CapacityModel slower = model, wilder = model;
  for (auto& [flow, services] : slower.demand) {
    for (auto& [name, demand] : services) {
      const auto& hold = model.services.at(name).hold_s;
      if (hold.value > 0) demand.busy_s.value *= hold.high / hold.value;
    }
  }
  for (auto& [name, service] : wilder.services) service.hold_cv += 1.96 * service.hold_cv_se;
  const Evaluation slow = Predictor(slower, mix, request.slo).evaluate(request.rate, nodes);
  const Evaluation wild = Predictor(wilder, mix, request.slo).evaluate(request.rate, nodes);
  std::vector<PredictedStep> result;
  for (std::size_t i = 0; i < evaluation.steps.size(); ++i) {
    const auto& step = evaluation.steps[i];
    PredictedStep predicted{
        .step = step.step->step, .p50_us = step.p50_us, .p95_us = step.p95_us, .p99_us = step.p99_us};
    const double q = request.slo.quantile, n = static_cast<double>(step.step->base.total());
    const double off = n > 0 ? 1.96 * std::sqrt(q * (1 - q) / n) : 0;
    const auto& base = step.step->base;
    const double sampling =
        0.5 * static_cast<double>(base.quantile(std::min(1.0, q + off)) - base.quantile(std::max(0.0, q - off)));
    const double half = std::sqrt(std::pow(slow.steps[i].quantile_us - step.quantile_us, 2) +
                                  std::pow(wild.steps[i].quantile_us - step.quantile_us, 2) + sampling * sampling);
    predicted.quantile_us = {step.quantile_us, step.quantile_us, step.quantile_us};
    if (std::isfinite(step.quantile_us)) {
      predicted.quantile_us.low = std::max(0.0, step.quantile_us - std::min(half, 0.5 * step.quantile_us));
      predicted.quantile_us.high = step.quantile_us + half;
    }
    predicted.holds = step.quantile_us <= request.slo.limit_us;
    result.push_back(std::move(predicted));
  }
  return result;
}

}  // namespace tidemark::capacity
