// The part of the engine that every hop of a simulated request passes through, inline so that a hop is one function:
// from the caller's decision to the event that will end the work. Included by the engine's sources alone.
#pragma once

#include <algorithm>

#include "models/twin/engine.h"

namespace tidemark::twin {

// Deadlines lie far ahead and nearly all pass unneeded. So those before the horizon have an event, and the rest wait in
// their frames until a scan of all frames moves the horizon on.
inline void Simulation::Engine::watch_deadline(std::uint32_t index) {
  const std::int64_t deadline = frames_[index].deadline_ns;
  if (deadline < horizon_ns_) push(deadline, index, Kind::deadline);
}

inline std::uint32_t Simulation::Engine::pick_node(std::uint32_t number, std::uint32_t key) {
  Fleet& fleet = fleets_[number];
  const auto count = static_cast<std::uint32_t>(fleet.listed.size());
  if (count == 1) return fleet.listed.front();
  switch (plan.system.services[plan.fleets[number].service].balance) {
    case Balance::random:
      return fleet.listed[route_.below(count)];
    case Balance::round_robin:
      return fleet.listed[fleet.turn++ % count];
    case Balance::by_key:
      return fleet.listed[mixed(key) % count];
    case Balance::least_of_two: {
      const std::uint32_t first = fleet.listed[route_.below(count)], second = fleet.listed[route_.below(count)];
      return nodes[second].inside < nodes[first].inside ? second : first;
    }
  }
  return fleet.listed.front();
}

inline void Simulation::Engine::begin_work(std::uint32_t index) {
  Frame& frame = frames_[index];
  Node& node = nodes[frame.node];
  const PlannedOperation& operation = plan.operations[frame.operation];
  frame.state = Frame::State::working;
  frame.holds = true;
  frame.granted_ns = now_ns;
  if (node.limiter) node.limiter->started(instant(), Nanos(now_ns - frame.arrived_ns));
  if (node.error_chance > 0 && chance_.happens(node.error_chance)) {
    frame.answer = Answer::error;
    return push(now_ns, index, Kind::work);
  }
  // By way of the queue: a refusal further on frees the worker for the next in line, and so on through all of them.
  if (operation.answer_first) return push(now_ns, index, Kind::calls);
  const std::int64_t drawn = times_[frame.operation].draw();
  if (!node.altered && !plan.services[node.service].shaped) {
    node.cpu_ns += static_cast<std::int64_t>(static_cast<double>(drawn) * operation.cpu_share);
    return push(now_ns + drawn, index, operation.groups == 0 ? Kind::leaf_work : Kind::work);
  }
  push(work_ends(node, operation, static_cast<double>(drawn)), index, Kind::work);
}

inline void Simulation::Engine::leave_node(const Frame& frame) {
  Node& node = nodes[frame.node];
  --node.inside;
  if (node.bulkhead) node.bulkhead->leave(node.groups[frame.priority]);
}

inline void Simulation::Engine::give_worker_back(std::uint32_t index) {
  Frame& frame = frames_[index];
  Node& node = nodes[frame.node];
  frame.holds = false;
  const std::size_t counter = first_operation_[frame.node] + plan.operations[frame.operation].local;
  operation_busy_ns_[counter] += static_cast<std::uint64_t>(now_ns - frame.granted_ns);
  ++operation_completed_[counter];
  std::uint64_t next = 0;
  if (node.pool.release(instant(), &next)) begin_work(static_cast<std::uint32_t>(next));
}

inline void Simulation::Engine::arrive(std::uint32_t index) {
  Frame& frame = frames_[index];
  if (frame.parent == kNobody && plan.system.deadlines) return frames_.free(index);  // too late to be taken
  Node& node = nodes[frame.node];
  if (!node.up) return turn_away(index, Answer::unreachable);
  frame.arrived_ns = now_ns;
  ++node.arrived;
  ++flow_requests_[frame.node * plan.flows.size() + frame.flow_kind];
  if (!node.limiter) return enter(index);
  const bool inner = frame.parent != kClient && frame.parent != kNobody;
  const guard::Ask ask{.priority = static_cast<guard::Priority>(frame.priority),
                       .cohort = frame.cohort,
                       .under_way = inner && plan.calls[frame.call].again};
  const auto admission = node.limiter->admit(instant(), ask);
  if (admission.verdict == guard::Admission::Verdict::refused) {
    ++node.refused;
    return turn_away(index, Answer::refused);
  }
  const std::int64_t start = (admission.start - kEpoch).count();
  if (start <= now_ns) return enter(index);
  frame.state = Frame::State::coming;
  push(start, index, Kind::enter);
}

// Admitted: a worker, a place in the queue, or neither.
inline void Simulation::Engine::enter(std::uint32_t index) {
  Frame& frame = frames_[index];
  Node& node = nodes[frame.node];
  using Decision = guard::WorkerPool::Decision;
  const bool late = frame.parent == kNobody && plan.system.deadlines;
  const bool crowded = !late && node.bulkhead && !node.bulkhead->enter(node.groups[frame.priority]);
  const auto decision = late || crowded ? Decision::refused : node.pool.acquire(instant(), index);
  if (decision == Decision::refused) {
    if (node.limiter) node.limiter->abandoned(instant());
    if (late || crowded) {
      ++node.refused;
    } else if (node.bulkhead) {
      node.bulkhead->leave(node.groups[frame.priority]);
    }
    return turn_away(index, crowded ? Answer::crowded : Answer::queue_full);
  }
  ++node.inside;
  if (decision == Decision::granted) return begin_work(index);
  frame.state = Frame::State::queued;
  const auto& pool = plan.system.services[node.service].guard.pool;
  if (pool && pool->policy == guard::PoolSettings::Policy::block)
    push(now_ns + pool->wait.count(), index, Kind::give_up);
}

// Chooses the node and brings the request there; `region` is where the caller is.
inline void Simulation::Engine::send(std::uint32_t index, std::uint32_t fleet, std::uint32_t region) {
  if (fleets_[fleet].listed.empty()) {
    frames_[index].answer = Answer::unreachable;
    return end_call(index);
  }
  Frame& frame = frames_[index];
  frame.node = pick_node(fleet, frame.key);
  const std::int64_t delay = delay_of(edge_of(frame), region, plan.fleets[fleet].region);
  if (delay == 0) return arrive(index);
  frame.state = Frame::State::coming;
  push(now_ns + delay, index, Kind::arrive);
}

}  // namespace tidemark::twin
