#include "models/twin/from_model.h"

#include <algorithm>
#include <cmath>

namespace tidemark::twin {
namespace {

constexpr const char* kBase = "base";
constexpr double kRarely = 1e-3;  // visits per flow that are not worth a call
constexpr double kNoTime = 1e-9;  // seconds

using capacity::CapacityModel;

std::uint32_t steps_in(const CapacityModel& model, const std::string& flow) {
  return static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(
      1, std::ranges::count_if(model.steps, [&flow](const auto& step) { return step.flow == flow; })));
}

// Requests to `name` that `flow` makes by way of services that hold their worker while waiting for it.
double nested_visits(const CapacityModel& model, const std::map<std::string, capacity::Demand>& demand,
                     const std::string& name) {
  double nested = 0;
  for (const auto& [caller, visit] : demand) {
    const auto service = model.services.find(caller);
    if (service == model.services.end()) continue;
    const auto times = service->second.hold_waits.find(name);
    if (times != service->second.hold_waits.end()) nested += visit.visits * times->second;
  }
  return nested;
}

// One after the other: a wait each. What is left of a whole number happens by chance.
void call_in_turn(std::vector<CallGroup>& groups, const std::string& service, const std::string& operation,
                  double times) {
  for (; times >= 1; times -= 1) groups.push_back({{{.service = service, .operation = operation}}});
  if (times > kRarely) groups.push_back({{{.service = service, .operation = operation, .times = times}}});
}

Service measured(const CapacityModel& model, const capacity::ServiceModel& from, std::uint32_t nodes) {
  Service service{.name = from.service, .nodes = nodes, .workers = from.workers};
  for (const auto& [flow, demands] : model.demand) {
    const auto demand = demands.find(from.service);
    if (demand == demands.end() || demand->second.visits <= kRarely) continue;
    const double hold_s = demand->second.busy_s.value / demand->second.visits;
    Operation operation{.name = flow, .answer_first = true};
    operation.time = {.kind = ServiceTime::Kind::lognormal, .mean_s = std::max(hold_s, kNoTime), .cv = from.hold_cv};
    operation.cpu_share =
        hold_s > 0 ? std::clamp(demand->second.cpu_s.value / demand->second.busy_s.value, 0.0, 1.0) : 0;
    for (const auto& [callee, times] : from.hold_waits) {
      const auto visits = demands.find(callee);
      if (visits == demands.end() || visits->second.visits <= kRarely || callee == from.service) continue;
      // Never more of them, over all callers, than there are.
      const double share =
          std::min(1.0, visits->second.visits / std::max(nested_visits(model, demands, callee), kRarely));
      call_in_turn(operation.then, callee, flow, times * share);
    }
    service.operations.push_back(std::move(operation));
  }
  return service;
}

}  // namespace

System system_of(const CapacityModel& model, const std::map<std::string, std::uint32_t>& nodes) {
  System system{.name = "fitted"};
  system.timeout = {};
  Service base{.name = kBase, .recorded = false};
  for (const auto& step : model.steps) {
    Operation operation{
        .name = step.step, .time = {.kind = ServiceTime::Kind::empirical, .histogram = step.base}, .cpu_share = 0};
    const auto demands = model.demand.find(step.flow);
    if (demands != model.demand.end()) {
      for (const auto& [name, demand] : demands->second) {
        const double own = demand.visits - std::min(demand.visits, nested_visits(model, demands->second, name));
        if (own > kRarely && model.services.contains(name))
          call_in_turn(operation.then, name, step.flow, own / steps_in(model, step.flow));
      }
    }
    base.operations.push_back(std::move(operation));
    auto flow = std::ranges::find(system.flows, step.flow, &Flow::name);
    if (flow == system.flows.end()) {
      const auto share = model.mix.find(step.flow);
      system.flows.push_back(
          {.name = step.flow, .weight = share == model.mix.end() ? 1 : std::max(share->second, 1e-6)});
      flow = system.flows.end() - 1;
    }
    flow->steps.push_back({.name = step.step, .service = kBase, .operation = step.step});
  }
  system.services.push_back(std::move(base));
  for (const auto& [name, service] : model.services) {
    const auto count = nodes.find(name);
    Service made = measured(model, service, count == nodes.end() ? 1 : count->second);
    if (!made.operations.empty()) system.services.push_back(std::move(made));
  }
  return system;
}

}  // namespace tidemark::twin
