#include "models/twin/engine_hot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tidemark::twin {
namespace {

constexpr std::int64_t kShortestScanNs = 20'000'000, kLongestScanNs = 1'000'000'000;
constexpr double kGuessedFlows = 1e4;  // a second, where the arrivals cannot say
// Events from now at which the frame of a coming event is fetched into the cache, and between any two of its ancestors.
constexpr std::size_t kFarAhead = 24, kBetween = 3, kLevels = 7;

// Hops of a flow, roughly: what the queue is sized by.
double hops_of(const Plan& plan, std::uint32_t operation, int depth) {
  double hops = 1;
  if (depth > 32) return hops;
  const auto& planned = plan.operations[operation];
  for (std::uint32_t g = 0; g < planned.groups; ++g) {
    const auto& group = plan.groups[planned.first_group + g];
    for (std::uint32_t c = 0; c < group.calls; ++c) {
      const auto& call = plan.calls[group.first_call + c];
      hops += (call.whole + call.chance * 0x1.0p-32) * hops_of(plan, call.operation, depth + 1);
    }
  }
  return hops;
}

double hops_of(const Plan& plan) {
  double hops = 0, weights = 0;
  for (std::uint32_t f = 0; f < plan.flows.size(); ++f) {
    const double weight = plan.system.flows[f].weight;
    weights += weight;
    for (std::uint32_t s = 0; s < plan.flows[f].steps; ++s) {
      hops += weight * hops_of(plan, plan.steps[plan.flows[f].first_step + s].operation, 0);
    }
  }
  return weights > 0 ? hops / weights : 1;
}

}  // namespace

const char* text_of(Answer answer) {
  static constexpr const char* kTexts[kAnswers] = {"ok",      "error",        "refused",     "queue full",
                                                   "crowded", "open circuit", "unreachable", "timed out"};
  return kTexts[static_cast<std::size_t>(answer)];
}

Simulation::Engine::Engine(Plan planned, SimulationOptions options)
    : plan(std::move(planned)),
      options_(std::move(options)),
      queue_(kGuessedFlows),
      route_(options_.seed, "twin/route"),
      chance_(options_.seed, "twin/chance"),
      users_(options_.seed, "twin/users"),
      keys_(plan.system.keys),
      jitter_(options_.seed, "twin/jitter") {
  for (const auto& service : plan.system.services) {
    for (const auto& operation : service.operations) {
      times_.emplace_back(operation.time, options_.seed, "twin/time/" + service.name + "." + operation.name);
    }
  }
  watched_.resize(plan.edges.size());
  build_nodes();
  steps_in_flight_.resize(plan.steps.size());
  for (std::uint32_t f = 0; f < plan.flows.size(); ++f) {
    for (std::uint32_t s = 0; s < plan.flows[f].steps; ++s) {
      results_.steps.push_back({.flow = plan.flows[f].name, .step = plan.steps[plan.flows[f].first_step + s].name});
    }
  }
  region_weights_.assign(plan.regions, 1);
  for (std::size_t r = 0; r < plan.system.regions.size(); ++r) region_weights_[r] = plan.system.regions[r].weight;
  scan_every_ns_ = std::clamp(plan.shortest_timeout_ns / 2, kShortestScanNs, kLongestScanNs);
}

void Simulation::Engine::build_nodes() {
  nodes.reserve(plan.nodes);
  fleets_.resize(plan.fleets.size());
  for (std::uint32_t f = 0; f < plan.fleets.size(); ++f) {
    const auto& service = plan.system.services[plan.fleets[f].service];
    for (const Cache& cache : service.caches)
      fleets_[f].caches.emplace_back(cache, cache.per_node ? 1 : plan.system.keys.count);
    for (std::uint32_t n = 1; n <= plan.fleets[f].most; ++n) make_node(f, n);
  }
}

void Simulation::Engine::make_node(std::uint32_t fleet, std::uint32_t number) {
  const auto& planned = plan.fleets[fleet];
  const Service& service = plan.system.services[planned.service];
  const auto index = static_cast<std::uint32_t>(nodes.size());
  const auto& pool = service.guard.pool;
  const bool unbounded = pool && pool->policy == guard::PoolSettings::Policy::unbounded;
  Node& node = nodes.emplace_back(unbounded ? 0 : service.workers, service.queue_limit, service.cpu_quota);
  node.fleet = fleet;
  node.service = planned.service;
  node.number = number;
  node.up = node.listed = node.started = number <= planned.nodes;
  if (node.listed) fleets_[fleet].listed.push_back(index);
  if (const auto slow = service.slow_nodes.find(number); slow != service.slow_nodes.end()) {
    node.factor = slow->second;
    node.altered = true;
  }
  make_guards(index);
  for (const Cache& cache : service.caches)
    node.caches.emplace_back(cache, cache.per_node ? plan.system.keys.count : 1);
  first_operation_.push_back(static_cast<std::uint32_t>(operation_busy_ns_.size()));
  operation_busy_ns_.resize(operation_busy_ns_.size() + service.operations.size());
  operation_completed_.resize(operation_busy_ns_.size());
  flow_requests_.resize(nodes.size() * plan.flows.size());
}

// Those that the options bring stand in for those of the system.
void Simulation::Engine::make_guards(std::uint32_t index) {
  Node& node = nodes[index];
  const NodeName name = name_of(index);
  const auto& guard = plan.system.services[node.service].guard;
  const std::uint64_t seed = mixed(options_.seed ^ mixed(index));
  if (options_.limiter) {
    node.limiter = options_.limiter(name, seed);
  } else if (guard.limiter) {
    node.limiter = guard::make_limiter(*guard.limiter, seed);
  }
  if (guard.bulkhead) {
    static constexpr std::array<std::string_view, guard::kPriorities> kNames = {"core", "normal", "browse", "shadow"};
    node.bulkhead = std::make_unique<guard::Bulkhead>(*guard.bulkhead);
    for (std::size_t i = 0; i < kNames.size(); ++i)
      node.groups[i] = static_cast<std::uint8_t>(node.bulkhead->group(kNames[i]));
  }
  node.edges.resize(plan.services[node.service].edges);
  for (const auto& edge : plan.edges) {
    if (edge.from != node.service) continue;
    EdgeState& state = node.edges[edge.local];
    const std::uint64_t edge_seed = mixed(seed + edge.local + 1);
    if (options_.breaker) {
      state.breaker = options_.breaker(name, plan.services[edge.to].name, edge_seed);
    } else if (guard.breaker) {
      state.breaker = guard::make_breaker(*guard.breaker, edge_seed);
    }
    if (guard.retry) state.retry = std::make_unique<guard::Retry>(*guard.retry, mixed(edge_seed));
    const auto number = static_cast<std::size_t>(&edge - plan.edges.data());
    if (edge.at_once > 0 || state.breaker || state.retry) watched_[number] = 1;
  }
}

NodeName Simulation::Engine::name_of(std::uint32_t node) const {
  const auto& fleet = plan.fleets[nodes[node].fleet];
  const Service& service = plan.system.services[fleet.service];
  const std::string region = plan.system.regions.empty() ? "" : plan.system.regions[fleet.region].name + "/";
  return {.service = service.name,
          .node = fmt::format("{}{}-{}", region, service.name, nodes[node].number),
          .workers = service.workers,
          .queue_limit = service.queue_limit};
}

std::uint32_t Simulation::Engine::listed(std::uint32_t service) const {
  std::uint32_t sum = 0;
  for (std::uint32_t r = 0; r < plan.regions; ++r) {
    sum += static_cast<std::uint32_t>(fleets_[plan.services[service].first_fleet + r].listed.size());
  }
  return sum;
}

void Simulation::Engine::start(schedule::ArrivalStream& arrivals) {
  arrivals_ = &arrivals;
  double seconds = 0;
  for (const auto& stage : arrivals.stages()) seconds = std::max(seconds, to_seconds(stage.end));
  if (seconds > 0) queue_ = EventQueue(arrivals.expected_count() / seconds * hops_of(plan));
  push(now_ns, 0, Kind::scan);
  plan_control();
  const auto next = arrivals.next();
  if (!next) return;
  arrival_ = *next;
  arrival_ns_ = next->offset.count();
}

void Simulation::Engine::run_until(std::int64_t end_ns) {
  for (;;) {
    // An arrival comes before what is due at the same instant.
    if (!queue_.due(std::min(arrival_ns_, end_ns))) {
      if (arrival_ns_ >= end_ns) break;
      now_ns = arrival_ns_;
      begin_flow();
      continue;
    }
    fetch_ahead();
    const Event event = queue_.pop();
    now_ns = event.time_ns;
    handle(event);
  }
  now_ns = end_ns;
}

// What the next events will touch lies scattered over megabytes: asked for now, it is there when their turn comes. The
// end of a leaf's work may be the end of all its callers', so their frames are asked for too, each once the one before
// it has come.
inline void Simulation::Engine::fetch_ahead() {
  const Event* event = queue_.ahead(kFarAhead);
  if (event == nullptr) return;
  __builtin_prefetch(frames_.data() + event->index);
  event -= kBetween;
  if (event->index < frames_.size()) fetch_node(frames_[event->index]);
  for (std::size_t level = 2; level < kLevels; ++level) {
    event -= kBetween;
    if (event->kind == static_cast<std::uint32_t>(Kind::leaf_work)) fetch_ancestor(event->index, level);
  }
}

inline void Simulation::Engine::fetch_node(const Frame& frame) {
  const char* node = reinterpret_cast<const char*>(nodes.data() + frame.node);
  for (int line = 0; line < 5; ++line) __builtin_prefetch(node + 64 * line);
  if (frame.parent < frames_.size()) __builtin_prefetch(frames_.data() + frame.parent);
}

// What the end of a leaf's work will touch at its level-th ancestor, if that ends with it.
inline void Simulation::Engine::fetch_ancestor(std::uint32_t index, std::size_t level) {
  for (std::size_t above = 1; above < level; ++above) {
    index = frames_[index].parent;
    if (index >= frames_.size()) return;
    const Frame& frame = frames_[index];
    if (frame.group < plan.operations[frame.operation].groups) return;
  }
  const Frame& frame = frames_[index];
  fetch_node(frame);
  if (frame.parent == kClient) __builtin_prefetch(flows_.data() + frame.flow);
}

void Simulation::Engine::handle(const Event& event) {
  ++results_.events;
  switch (static_cast<Kind>(event.kind)) {
    case Kind::work:
    case Kind::leaf_work:
      return end_work(event.index);
    case Kind::calls:
      return begin_calls(event.index);
    case Kind::arrive:
      return arrive(event.index);
    case Kind::enter:
      return enter(event.index);
    case Kind::answer:
      return end_call(event.index);
    case Kind::retry:
      return retry(event.index);
    case Kind::deadline:
      return pass_deadline(event);
    case Kind::give_up:
      return give_up(event);
    case Kind::step:
      return begin_step(event.index);
    case Kind::scan:
      return scan_deadlines();
    case Kind::control:
      return control(event.index);
  }
}

}  // namespace tidemark::twin
