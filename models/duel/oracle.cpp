#include "models/duel/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tidemark::duel {
namespace {

using twin::Operation;
using twin::Service;
using twin::System;

// Walks an operation and all that it calls, adding the time at workers to `worker_s`.
class Demands {
 public:
  Demands(const System& system, std::vector<double>& worker_s) : system_(system), worker_s_(worker_s) {}

  // What one visit takes until it is answered, where nobody waits; adds `visits` of it to the demands.
  double visit(const std::string& service_name, const std::string& operation_name, double visits) {
    const std::size_t s = index_of(service_name);
    const Service& service = system_.services[s];
    const Operation& operation = *std::ranges::find(service.operations, operation_name, &Operation::name);
    const double own_s = twin::mean_s(operation.time);
    double response_s = own_s;
    for (const twin::CallGroup& group : operation.then) {
      double longest_s = 0;
      for (const twin::Call& call : group.calls) {
        longest_s = std::max(longest_s, visit(call.service, call.operation, visits * call.times) +
                                            2 * delay_s(service_name, call.service));
      }
      response_s += longest_s;
    }
    worker_s_[s] += visits * (operation.hold_worker ? response_s : own_s);
    return response_s;
  }

 private:
  std::size_t index_of(const std::string& name) const {
    const auto found = std::ranges::find(system_.services, name, &Service::name);
    return static_cast<std::size_t>(found - system_.services.begin());
  }
  double delay_s(const std::string& from, const std::string& to) const {
    double delay = 0;
    for (const twin::Edge& edge : system_.edges) {
      if ((edge.from == "*" || edge.from == from) && (edge.to == "*" || edge.to == to)) delay = to_seconds(edge.delay);
    }
    return delay;
  }

  const System& system_;
  std::vector<double>& worker_s_;
};

// What makes the optimum more than a matter of means.
std::string obstacle(const System& system) {
  if (!system.faults.empty()) return "it has faults";
  if (!system.regions.empty()) return "it has regions";
  for (const Service& service : system.services) {
    const auto because = [&service](const char* what) {
      return fmt::format("service '{}' has {}", service.name, what);
    };
    if (!service.caches.empty()) return because("caches");
    if (service.cpu_quota > 0) return because("a CPU quota");
    if (service.serial_share > 0 || service.crosstalk > 0) return because("a shared part");
    if (!service.slow_nodes.empty()) return because("slow nodes");
    if (service.autoscaler) return because("an autoscaler");
    for (const Operation& operation : service.operations) {
      if (operation.answer_first) return because("work after its answer");
    }
  }
  return "";
}

}  // namespace

Result<Oracle> Oracle::of(const System& system) {
  if (auto checked = twin::check_system(system); !checked) return tl::make_unexpected(checked.error());
  if (const std::string why = obstacle(system); !why.empty()) {
    return fail(ExitCode::usage, system.name, "the best possible is not known: " + why,
                "a duel needs services whose capacity follows from workers and mean times");
  }
  Oracle oracle;
  for (const Service& service : system.services) oracle.workers_.push_back(1.0 * service.nodes * service.workers);
  double weights = 0;
  for (const twin::Flow& flow : system.flows) weights += flow.weight;
  std::vector<double> load(system.services.size(), 0.0);  // worker seconds per arrival
  for (const twin::Flow& flow : system.flows) {
    FlowDemand demand{.share = flow.weight / weights, .priority = static_cast<int>(flow.priority)};
    demand.worker_s.assign(system.services.size(), 0.0);
    Demands walk(system, demand.worker_s);
    for (const twin::FlowStep& step : flow.steps) walk.visit(step.service, step.operation, 1);
    demand.steps = static_cast<double>(flow.steps.size());
    for (std::size_t s = 0; s < load.size(); ++s) load[s] += demand.share * demand.worker_s[s];
    oracle.flows_.push_back(std::move(demand));
  }
  double capacity = std::numeric_limits<double>::infinity();
  for (std::size_t s = 0; s < load.size(); ++s) {
    if (oracle.workers_[s] > 0 && load[s] > 0) capacity = std::min(capacity, oracle.workers_[s] / load[s]);
  }
  if (capacity == std::numeric_limits<double>::infinity()) {
    return fail(ExitCode::usage, system.name, "no service with bounded workers is called: nothing to be overloaded");
  }
  oracle.capacity_rps_ = capacity;
  return oracle;
}

std::array<double, guard::kPriorities> Oracle::optimum_rps(double arrivals_rps) const {
  std::array<double, guard::kPriorities> good{};
  std::vector<double> left = workers_;
  for (int priority = 0; priority < guard::kPriorities; ++priority) {
    std::vector<double> wanted(left.size(), 0.0);
    double steps = 0;
    for (const FlowDemand& flow : flows_) {
      if (flow.priority != priority) continue;
      steps += arrivals_rps * flow.share * flow.steps;
      for (std::size_t s = 0; s < left.size(); ++s) wanted[s] += arrivals_rps * flow.share * flow.worker_s[s];
    }
    double part = 1;
    for (std::size_t s = 0; s < left.size(); ++s) {
      if (workers_[s] > 0 && wanted[s] > 0) part = std::min(part, std::max(0.0, left[s]) / wanted[s]);
    }
    for (std::size_t s = 0; s < left.size(); ++s) left[s] -= part * wanted[s];
    good[static_cast<std::size_t>(priority)] = part * steps;
  }
  return good;
}

}  // namespace tidemark::duel
