// What does not fit together in a System: everything, not the first.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "models/twin/system.h"

namespace tidemark::twin {
namespace {

constexpr std::size_t kMostNodes = 100'000;
constexpr std::size_t kMostOperations = 60'000, kMostCalls = 60'000, kMostFlows = 60'000;
constexpr std::uint64_t kMostCached = 200'000'000;  // keys x caches

class Checker {
 public:
  explicit Checker(const System& system) : system_(system) {}

  Result<void> check() {
    services();
    for (const Service& service : system_.services) check(service);
    cycles();
    for (const Edge& edge : system_.edges) check(edge);
    for (const Flow& flow : system_.flows) check(flow);
    if (system_.flows.empty()) problem("flows", "there are none");
    regions();
    for (const Fault& fault : system_.faults) check(fault);
    if (system_.keys.count < 1 || system_.keys.count > 10'000'000)
      problem("keys.count", "must be from 1 to 10,000,000");
    share("keys.hot_share", system_.keys.hot_share);
    at_least("keys.skew", system_.keys.skew, 0, 5);
    if (system_.users < 1) problem("users", "must be at least 1");
    limits();
    if (problems_.empty()) return {};
    std::string all;
    for (const auto& text : problems_) all += (all.empty() ? "" : "\n") + text;
    return fail(ExitCode::usage, "", all);
  }

 private:
  void problem(const std::string& field, const std::string& what) {
    problems_.push_back(system_.name + ": " + field + ": " + what);
  }
  void share(const std::string& field, double value) {
    if (!(value >= 0 && value <= 1)) problem(field, "must be from 0 to 1");
  }
  void at_least(const std::string& field, double value, double low, double high) {
    if (!(value >= low && value <= high)) problem(field, fmt::format("must be from {} to {}", low, high));
  }
  const Service* find(const std::string& name) const {
    const auto found = std::ranges::find(system_.services, name, &Service::name);
    return found == system_.services.end() ? nullptr : &*found;
  }
  void target(const std::string& field, const std::string& service, const std::string& operation) {
    const Service* found = find(service);
    if (found == nullptr) return problem(field, fmt::format("there is no service '{}'", service));
    if (std::ranges::find(found->operations, operation, &Operation::name) == found->operations.end())
      problem(field, fmt::format("{} has no operation '{}'", service, operation));
  }

  void services() {
    std::set<std::string> names;
    if (system_.services.empty()) problem("services", "there are none");
    for (const Service& service : system_.services) {
      if (!names.insert(service.name).second) problem("services." + service.name, "is there twice");
      if (service.name.empty() || service.name == "client" || service.name == "*")
        problem("services", fmt::format("'{}' is no name of a service", service.name));
    }
  }

  void check(const Service& service) {
    const std::string place = "services." + service.name;
    if (service.nodes < 1) problem(place + ".nodes", "must be at least 1");
    if (service.operations.empty()) problem(place + ".operations", "there are none");
    at_least(place + ".cpu_quota", service.cpu_quota, 0, 1024);
    at_least(place + ".crosstalk", service.crosstalk, 0, 10);
    share(place + ".serial_share", service.serial_share);
    for (const auto& [node, factor] : service.slow_nodes) {
      if (node < 1 || node > service.nodes) problem(place + ".slow_nodes", fmt::format("there is no node {}", node));
      at_least(place + ".slow_nodes", factor, 0.001, 1000);
    }
    if (!service.region.empty() &&
        std::ranges::find(system_.regions, service.region, &Region::name) == system_.regions.end())
      problem(place + ".region", fmt::format("there is no region '{}'", service.region));
    std::set<std::string> operations;
    for (const Operation& operation : service.operations) {
      if (!operations.insert(operation.name).second) problem(place + ".operations." + operation.name, "is there twice");
      check(service, operation, place + ".operations." + operation.name);
    }
    if (service.autoscaler) check(*service.autoscaler, place + ".autoscaler");
  }

  void check(const Autoscaler& scaler, const std::string& place) {
    if (scaler.min_nodes < 1 || scaler.min_nodes > scaler.max_nodes || scaler.max_nodes > kMostNodes)
      problem(place, "must have 1 <= min_nodes <= max_nodes <= 100,000");
    if (!(scaler.target > 0)) problem(place + ".target", "must be above 0");
    if (scaler.tick < std::chrono::milliseconds(1)) problem(place + ".tick", "must be at least 1ms");
    if (scaler.start_up.count() < 0) problem(place + ".start_up", "must not be negative");
  }

  void check(const Service& service, const Operation& operation, const std::string& place) {
    check(operation.time, place + ".time");
    share(place + ".cpu_share", operation.cpu_share);
    const bool named = std::ranges::find(service.caches, operation.cache, &Cache::name) != service.caches.end();
    if (!operation.cache.empty() && !named)
      problem(place + ".cache", fmt::format("there is no cache '{}'", operation.cache));
    for (const CallGroup& group : operation.then) {
      for (const Call& call : group.calls) {
        target(place + ".then", call.service, call.operation);
        at_least(place + ".then.times", call.times, 0, 1000);
        if (call.on_miss && operation.cache.empty()) problem(place + ".then.on_miss", "the operation has no cache");
        ++calls_;
      }
    }
    ++operations_;
  }

  void check(const ServiceTime& time, const std::string& place) {
    at_least(place + ".mean", time.mean_s, 0, 86'400);
    at_least(place + ".cv", time.cv, 0, 100);
    if (time.kind != ServiceTime::Kind::mixture) return;
    double weights = 0;
    for (const TimePart& part : time.parts) {
      if (!(part.weight >= 0)) problem(place, "a weight must not be negative");
      at_least(place + ".mean", part.mean_s, 0, 86'400);
      at_least(place + ".cv", part.cv, 0, 100);
      weights += part.weight;
    }
    if (!(weights > 0)) problem(place, "the weights must not all be 0");
  }

  // A service may call itself through others, an operation may not: it would never end.
  void cycles() {
    std::set<std::string> done;
    for (const Service& service : system_.services) {
      for (const Operation& operation : service.operations) {
        std::vector<std::string> path;
        descend(service, operation, path, done);
      }
    }
  }
  void descend(const Service& service, const Operation& operation, std::vector<std::string>& path,
               std::set<std::string>& done) {
    const std::string name = service.name + "." + operation.name;
    if (std::ranges::find(path, name) != path.end()) {
      problem("services." + service.name,
              fmt::format("{} calls itself: {} -> {}", name, fmt::join(path, " -> "), name));
      return;
    }
    if (!done.insert(name).second) return;
    path.push_back(name);
    for (const CallGroup& group : operation.then) {
      for (const Call& call : group.calls) {
        const Service* next = find(call.service);
        if (next == nullptr) continue;
        const auto found = std::ranges::find(next->operations, call.operation, &Operation::name);
        if (found != next->operations.end()) descend(*next, *found, path, done);
      }
    }
    path.pop_back();
  }

  void check(const Edge& edge) {
    const std::string place = fmt::format("edges {} -> {}", edge.from, edge.to);
    if (edge.from != "*" && edge.from != "client" && find(edge.from) == nullptr)
      problem(place, fmt::format("there is no service '{}'", edge.from));
    if (edge.to != "*" && find(edge.to) == nullptr) problem(place, fmt::format("there is no service '{}'", edge.to));
    if (edge.delay.count() < 0 || edge.timeout.count() < 0) problem(place, "times must not be negative");
    at_least(place + ".delay_cv", edge.delay_cv, 0, 10);
  }

  void check(const Flow& flow) {
    const std::string place = "flows." + flow.name;
    if (!(flow.weight > 0)) problem(place + ".weight", "must be above 0");
    if (flow.steps.empty()) problem(place + ".steps", "there are none");
    for (const FlowStep& step : flow.steps) {
      target(place + ".steps." + step.name, step.service, step.operation);
      if (step.think.count() < 0) problem(place + ".steps." + step.name + ".think", "must not be negative");
    }
  }

  void regions() {
    std::set<std::string> names;
    double weights = 0;
    for (const Region& region : system_.regions) {
      if (!names.insert(region.name).second) problem("regions." + region.name, "is there twice");
      if (!(region.weight >= 0)) problem("regions." + region.name + ".weight", "must not be negative");
      weights += region.weight;
    }
    if (!system_.regions.empty() && !(weights > 0)) problem("regions", "the weights must not all be 0");
    if (system_.regions.size() > 64) problem("regions", "there are at most 64");
  }

  void check(const Fault& fault) {
    const std::string place = fmt::format("faults at {} s", to_seconds(fault.at));
    const bool regional = fault.kind == Fault::Kind::region;
    if (fault.at.count() < 0 || (fault.until.count() != 0 && fault.until <= fault.at))
      problem(place, "must end after it begins");
    if (!regional && find(fault.service) == nullptr)
      problem(place, fmt::format("there is no service '{}'", fault.service));
    if (regional || !fault.region.empty()) {
      if (std::ranges::find(system_.regions, fault.region, &Region::name) == system_.regions.end())
        problem(place, fmt::format("there is no region '{}'", fault.region));
    }
    at_least(place + ".factor", fault.factor, 0.001, 1e6);
    share(place + ".share", fault.share);
    if (fault.delay.count() < 0 || fault.noticed.count() < 0) problem(place, "times must not be negative");
  }

  void limits() {
    std::uint64_t nodes = 0, cached = 0;
    const std::uint64_t regions = std::max<std::size_t>(1, system_.regions.size());
    for (const Service& service : system_.services) {
      const std::uint64_t most = std::max(service.nodes, service.autoscaler ? service.autoscaler->max_nodes : 0U);
      nodes += most * regions;
      for (const Cache& cache : service.caches) cached += system_.keys.count * regions * (cache.per_node ? most : 1);
    }
    if (nodes > kMostNodes) problem("services", "there are at most 100,000 nodes");
    if (cached > kMostCached) problem("keys.count", "caches and keys need more memory than 200,000,000 entries");
    if (operations_ > kMostOperations || calls_ > kMostCalls || system_.flows.size() > kMostFlows)
      problem("services", "there are at most 60,000 operations, calls and flows each");
  }

  const System& system_;
  std::vector<std::string> problems_;
  std::size_t operations_ = 0, calls_ = 0;
};

}  // namespace

Result<void> check_system(const System& system) {
  return Checker(system).check();
}

}  // namespace tidemark::twin
