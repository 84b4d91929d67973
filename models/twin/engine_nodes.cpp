// What happens at a node: limiter, pool, work, cache, and the counters that its watermark shows.
#include <algorithm>

#include "models/twin/engine_hot.h"

namespace tidemark::twin {

// It has waited for a worker as long as the pool's policy lets it.
void Simulation::Engine::give_up(const Event& event) {
  const Frame& frame = frames_[event.index];
  if (frame.state != Frame::State::queued) return;
  const auto& pool = plan.system.services[nodes[frame.node].service].guard.pool;
  if (!pool || frame.arrived_ns + pool->wait.count() > event.time_ns) return;  // another in the same frame
  leave_queue(event.index);
  turn_away(event.index, Answer::queue_full);
}

void Simulation::Engine::leave_queue(std::uint32_t index) {
  const Frame& frame = frames_[index];
  Node& node = nodes[frame.node];
  node.pool.abandon(instant(), index);
  if (node.limiter) node.limiter->abandoned(instant());
  ++node.failed;
  leave_node(frame);
}

void Simulation::Engine::turn_away(std::uint32_t index, Answer answer) {
  frames_[index].answer = answer;
  reply(index);
}

// When work that takes `drawn_ns` on an idle system ends: first its CPU part under the quota, then the part that one
// request of the whole service does at a time, then the rest.
std::int64_t Simulation::Engine::work_ends(Node& node, const PlannedOperation& operation, double drawn_ns) {
  const Service& service = plan.system.services[node.service];
  Fleet& fleet = fleets_[node.fleet];
  double work = drawn_ns * node.factor + static_cast<double>(node.extra_ns);
  if (service.crosstalk > 0) work *= 1 + service.crosstalk * fleet.serving++;
  const auto cpu = static_cast<std::int64_t>(work * operation.cpu_share);
  const auto serial = static_cast<std::int64_t>(work * service.serial_share);
  node.cpu_ns += cpu;
  std::int64_t at = node.cpu.finish(now_ns, cpu);
  if (serial > 0) {
    at = fleet.serial_free_ns = std::max(fleet.serial_free_ns, at) + serial;
  }
  return at + std::max<std::int64_t>(0, static_cast<std::int64_t>(work) - cpu - serial);
}

void Simulation::Engine::end_work(std::uint32_t index) {
  Frame& frame = frames_[index];
  if (frame.doomed) return frames_.free(index);
  Node& node = nodes[frame.node];
  if (node.stalled_until_ns > now_ns) return push(node.stalled_until_ns, index, Kind::work);
  const PlannedOperation& operation = plan.operations[frame.operation];
  const Service& service = plan.system.services[node.service];
  if (service.crosstalk > 0 && frame.answer == Answer::ok) --fleets_[node.fleet].serving;
  if (operation.answer_first) return leave(index);
  if (!operation.hold_worker) give_worker_back(index);
  if (operation.cache != kNone)
    frames_[index].missed = !cache_of(nodes[frames_[index].node], operation.cache).get(now_ns, frames_[index].key);
  call_next(index);
}

void Simulation::Engine::begin_calls(std::uint32_t index) {
  if (frames_[index].doomed) return frames_.free(index);
  call_next(index);
}

CacheState& Simulation::Engine::cache_of(Node& node, std::uint32_t cache) {
  const bool own = plan.system.services[node.service].caches[cache].per_node;
  return own ? node.caches[cache] : fleets_[node.fleet].caches[cache];
}

// The operation is over.
void Simulation::Engine::leave(std::uint32_t index) {
  if (frames_[index].doomed) return frames_.free(index);
  const PlannedOperation& operation = plan.operations[frames_[index].operation];
  if (operation.answer_first && !frames_[index].answered && frames_[index].answer == Answer::ok)
    return answer_early(index);
  if (frames_[index].holds) give_worker_back(index);
  Frame& frame = frames_[index];
  Node& node = nodes[frame.node];
  if (frame.missed && frame.answer == Answer::ok) cache_of(node, operation.cache).put(now_ns, frame.key);
  ++(frame.answer == Answer::ok ? node.completed : node.failed);
  leave_node(frame);
  if (node.limiter) {
    node.limiter->finished(instant(), {.latency = Nanos(now_ns - frame.arrived_ns),
                                       .queued = Nanos(frame.granted_ns - frame.arrived_ns),
                                       .dropped = frame.answer != Answer::ok});
  }
  reply(index);
}

// The caller goes on; the worker stays taken for the work.
void Simulation::Engine::answer_early(std::uint32_t index) {
  const std::uint32_t answer = frames_.make();
  frames_[answer] = frames_[index];
  Frame& frame = frames_[index];
  frame.parent = kNobody;
  frame.answered = true;
  frame.state = Frame::State::working;
  Node& node = nodes[frame.node];
  const auto drawn = static_cast<double>(times_[frame.operation].draw());
  push(work_ends(node, plan.operations[frame.operation], drawn), index, Kind::work);
  reply(answer);
}

void Simulation::Engine::reply(std::uint32_t index) {
  Frame& frame = frames_[index];
  if (frame.parent == kNobody) return end_call(index);
  const PlannedEdge& edge = edge_of(frame);
  if (edge.delay_ns == 0 && plan.regions == 1) return end_call(index);
  const std::uint32_t here = plan.fleets[nodes[frame.node].fleet].region;
  const bool inside = frame.parent != kClient;
  const std::uint32_t there = inside ? plan.fleets[nodes[frames_[frame.parent].node].fleet].region : here;
  const std::int64_t delay = delay_of(edge, here, there);
  if (delay == 0) return end_call(index);
  frame.state = Frame::State::going;
  push(now_ns + delay, index, Kind::answer);
}

WatermarkSample Simulation::Engine::watermark(std::uint32_t index) {
  Node& node = nodes[index];
  const NodeName name = name_of(index);
  WatermarkSample sample{.t_s = static_cast<double>(now_ns) * 1e-9, .node = name.node, .service = name.service};
  sample.missed = !node.up || node.stalled_until_ns > now_ns;
  if (sample.missed) return sample;
  const auto pool = node.pool.read(instant());
  sample.cpu_seconds = static_cast<double>(node.cpu_ns) * 1e-9;
  sample.busy_seconds = pool.busy_seconds;
  sample.wait_seconds = pool.wait_seconds;
  sample.arrived = node.arrived;
  sample.completed = node.completed;
  sample.failed = node.failed;
  sample.refused = node.refused + pool.refused;
  sample.workers = name.workers;
  sample.in_use = pool.in_use;
  sample.in_use_max = pool.in_use_max;
  sample.queued = pool.queued;
  sample.queued_max = pool.queued_max;
  const auto& operations = plan.system.services[node.service].operations;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const std::size_t counter = first_operation_[index] + i;
    sample.operation_busy_seconds[operations[i].name] = static_cast<double>(operation_busy_ns_[counter]) * 1e-9;
    sample.operation_completed[operations[i].name] = operation_completed_[counter];
  }
  for (std::size_t f = 0; f < plan.flows.size(); ++f) {
    const std::uint64_t requests = flow_requests_[index * plan.flows.size() + f];
    if (requests > 0) sample.flow_requests[plan.flows[f].name] = requests;
  }
  for (std::size_t c = 0; c < node.caches.size(); ++c) {
    const auto& cache = cache_of(node, static_cast<std::uint32_t>(c));
    const std::string& word = plan.system.services[node.service].caches[c].name;
    sample.extra[word + "_hits"] = static_cast<double>(cache.hits);
    sample.extra[word + "_misses"] = static_cast<double>(cache.misses);
  }
  if (node.limiter) sample.extra["limit_now"] = node.limiter->limit();
  return sample;
}

}  // namespace tidemark::twin
