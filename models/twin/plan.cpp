#include "models/twin/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tidemark::twin {
namespace {

constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max() / 4;

class Planner {
 public:
  explicit Planner(const System& system) { plan_.system = system; }

  Plan plan() {
    name_services();
    for (std::uint32_t s = 0; s < plan_.services.size(); ++s) plan_service(s);
    for (const Flow& flow : plan_.system.flows) plan_flow(flow);
    place_fleets();
    plan_.keyed = std::ranges::any_of(plan_.system.services, [](const Service& service) {
      return !service.caches.empty() || service.balance == Balance::by_key;
    });
    plan_.shortest_timeout_ns = plan_.system.timeout.count() > 0 ? plan_.system.timeout.count() : kEver;
    for (const auto& edge : plan_.edges) {
      if (edge.timeout_ns > 0) plan_.shortest_timeout_ns = std::min(plan_.shortest_timeout_ns, edge.timeout_ns);
    }
    return std::move(plan_);
  }

 private:
  void name_services() {
    for (const Service& service : plan_.system.services) {
      services_[service.name] = static_cast<std::uint32_t>(plan_.services.size());
      PlannedService planned{.name = service.name};
      planned.first_operation = static_cast<std::uint32_t>(plan_.operations.size());
      planned.operations = static_cast<std::uint32_t>(service.operations.size());
      planned.shaped = service.cpu_quota > 0 || service.serial_share > 0 || service.crosstalk > 0;
      for (const Operation& operation : service.operations) {
        operations_[service.name + "." + operation.name] = static_cast<std::uint32_t>(plan_.operations.size());
        plan_.operations.emplace_back();
      }
      plan_.services.push_back(std::move(planned));
    }
  }

  void plan_service(std::uint32_t number) {
    const Service& service = plan_.system.services[number];
    std::map<std::uint32_t, std::uint32_t> edges;  // callee -> edge
    plan_.services[number].client_edge = make_edge("client", number, 0);
    for (std::uint32_t i = 0; i < service.operations.size(); ++i) {
      const Operation& operation = service.operations[i];
      PlannedOperation& planned = plan_.operations[plan_.services[number].first_operation + i];
      planned.service = number;
      planned.local = i;
      planned.cpu_share = operation.cpu_share;
      planned.hold_worker = operation.hold_worker;
      planned.answer_first = operation.answer_first;
      planned.idempotent = operation.idempotent;
      const auto cache = std::ranges::find(service.caches, operation.cache, &Cache::name);
      if (cache != service.caches.end()) planned.cache = static_cast<std::uint32_t>(cache - service.caches.begin());
      planned.first_group = static_cast<std::uint32_t>(plan_.groups.size());
      planned.groups = static_cast<std::uint32_t>(operation.then.size());
      const auto first_call = static_cast<std::uint32_t>(plan_.calls.size());
      for (const CallGroup& group : operation.then) {
        const std::size_t before = plan_.calls.size();
        plan_group(number, group, edges);
        for (std::size_t c = before; c < plan_.calls.size(); ++c) {
          for (std::size_t e = first_call; e < before; ++e)
            plan_.calls[c].again |= plan_.calls[e].service == plan_.calls[c].service;
        }
      }
    }
    plan_.services[number].edges = static_cast<std::uint32_t>(edges.size());
  }

  void plan_group(std::uint32_t from, const CallGroup& group, std::map<std::uint32_t, std::uint32_t>& edges) {
    plan_.groups.push_back(
        {static_cast<std::uint32_t>(plan_.calls.size()), static_cast<std::uint32_t>(group.calls.size())});
    for (const Call& call : group.calls) {
      PlannedCall planned{.service = services_.at(call.service)};
      planned.operation = operations_.at(call.service + "." + call.operation);
      planned.whole = static_cast<std::uint32_t>(std::floor(call.times));
      planned.chance = static_cast<std::uint32_t>(std::min((call.times - planned.whole) * 0x1.0p32, 0x1.0p32 - 1));
      planned.on_miss = call.on_miss;
      planned.optional = call.optional;
      auto found = edges.find(planned.service);
      if (found == edges.end()) {
        const auto local = static_cast<std::uint32_t>(edges.size());
        found = edges.emplace(planned.service, make_edge(plan_.services[from].name, planned.service, local)).first;
      }
      planned.edge = found->second;
      plan_.calls.push_back(planned);
    }
  }

  std::uint32_t make_edge(const std::string& from, std::uint32_t to, std::uint32_t local) {
    Edge settings;
    for (const Edge& edge : plan_.system.edges) {
      const bool fits =
          (edge.from == "*" || edge.from == from) && (edge.to == "*" || edge.to == plan_.services[to].name);
      if (fits) settings = edge;
    }
    plan_.edges.push_back({.local = local,
                           .from = from == "client" ? kNone : services_.at(from),
                           .to = to,
                           .delay_ns = settings.delay.count(),
                           .timeout_ns = settings.timeout.count(),
                           .delay_cv = settings.delay_cv,
                           .at_once = settings.at_once});
    return static_cast<std::uint32_t>(plan_.edges.size() - 1);
  }

  void plan_flow(const Flow& flow) {
    plan_.flows.push_back({.name = flow.name,
                           .priority = flow.priority,
                           .first_step = static_cast<std::uint32_t>(plan_.steps.size()),
                           .steps = static_cast<std::uint32_t>(flow.steps.size())});
    for (const FlowStep& step : flow.steps) {
      plan_.steps.push_back({step.name, operations_.at(step.service + "." + step.operation), step.think.count()});
    }
  }

  void place_fleets() {
    const auto& regions = plan_.system.regions;
    plan_.regions = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(regions.size()));
    for (std::uint32_t s = 0; s < plan_.services.size(); ++s) {
      const Service& service = plan_.system.services[s];
      plan_.services[s].first_fleet = static_cast<std::uint32_t>(plan_.fleets.size());
      const auto home = std::ranges::find(regions, service.region, &Region::name);
      const auto only = static_cast<std::uint32_t>(home - regions.begin());
      for (std::uint32_t r = 0; r < plan_.regions; ++r) {
        const bool here = home == regions.end() || only == r;
        plan_.reached.push_back(static_cast<std::uint32_t>(plan_.fleets.size()) + (here ? 0 : only - r));
        PlannedFleet fleet{.service = s, .region = r, .first_node = plan_.nodes, .nodes = here ? service.nodes : 0};
        fleet.most = fleet.nodes;
        if (here && service.autoscaler) fleet.most = std::max(fleet.nodes, service.autoscaler->max_nodes);
        plan_.nodes += fleet.most;
        plan_.fleets.push_back(fleet);
      }
    }
  }

  Plan plan_;
  std::map<std::string, std::uint32_t> services_, operations_;
};

}  // namespace

Plan plan_of(const System& system) {
  return Planner(system).plan();
}

}  // namespace tidemark::twin
