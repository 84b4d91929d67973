// The clients: flows arrive, make their steps, and what came of them is counted.
#include <algorithm>

#include "models/twin/engine_hot.h"

namespace tidemark::twin {

void Simulation::Engine::begin_flow() {
  ++results_.events;
  std::uint32_t slot = 0;
  if (free_flows_.empty()) {
    slot = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
  } else {
    slot = free_flows_.back();
    free_flows_.pop_back();
  }
  FlowState& flow = flows_[slot];
  flow = {.number = arrival_.number, .flow = arrival_.flow};
  flow.cohort = static_cast<std::uint8_t>(mixed(users_.below(plan.system.users)) & 127);
  if (plan.keyed) flow.key = keys_.draw(users_);
  ++results_.flows.planned;
  ++flows_in_flight_;
  const auto next = arrivals_->next();
  arrival_ns_ = next ? next->offset.count() : kNever;
  if (next) arrival_ = *next;
  begin_step(slot);
}

void Simulation::Engine::begin_step(std::uint32_t slot) {
  FlowState& flow = flows_[slot];
  const PlannedFlow& planned = plan.flows[flow.flow];
  const std::uint32_t step = planned.first_step + flow.step;
  flow.step_start_ns = now_ns;
  const auto priority = static_cast<std::size_t>(planned.priority);
  ++results_.steps[step].requests.started;
  ++results_.priorities[priority].started;
  ++steps_in_flight_[step];
  if (options_.window.count() > 0) ++window().started[priority];

  const std::uint32_t operation = plan.steps[step].operation;
  const PlannedService& service = plan.services[plan.operations[operation].service];
  const std::uint32_t index = frames_.make();
  Frame& frame = frames_[index];
  frame.parent = kClient;
  frame.flow = slot;
  frame.flow_kind = static_cast<std::uint16_t>(flow.flow);
  frame.key = flow.key;
  frame.cohort = flow.cohort;
  frame.priority = static_cast<std::uint8_t>(priority);
  frame.operation = static_cast<std::uint16_t>(operation);
  frame.deadline_ns = plan.system.timeout.count() > 0 ? now_ns + plan.system.timeout.count() : kNever;
  const PlannedEdge& edge = plan.edges[service.client_edge];
  if (edge.timeout_ns > 0) frame.deadline_ns = std::min(frame.deadline_ns, now_ns + edge.timeout_ns);
  watch_deadline(index);
  const std::uint32_t region = pick_region();
  send(index, plan.fleet_of(plan.operations[operation].service, region), region);
}

std::uint32_t Simulation::Engine::pick_region() {
  if (plan.regions == 1) return 0;
  double sum = 0;
  for (const double weight : region_weights_) sum += weight;
  double at = users_.uniform() * sum;
  for (std::uint32_t r = 0; r + 1 < plan.regions; ++r) {
    if (at < region_weights_[r]) return r;
    at -= region_weights_[r];
  }
  return plan.regions - 1;
}

void Simulation::Engine::end_step(std::uint32_t slot, Answer answer) {
  FlowState& flow = flows_[slot];
  const PlannedFlow& planned = plan.flows[flow.flow];
  const std::uint32_t step = planned.first_step + flow.step;
  const auto priority = static_cast<std::size_t>(planned.priority);
  const std::int64_t took_ns = now_ns - flow.step_start_ns;
  const std::int64_t took_us = took_ns / 1000;
  StepResult& result = results_.steps[step];
  PriorityResult& group = results_.priorities[priority];
  result.response.record(took_us);
  --steps_in_flight_[step];
  ++results_.answers[static_cast<std::size_t>(answer)];
  const bool ok = answer == Answer::ok;
  const bool good = ok && (options_.good_within.count() == 0 || took_ns <= options_.good_within.count());
  const bool failed = answer == Answer::error || answer == Answer::unreachable || answer == Answer::timed_out;
  ++(ok ? result.requests.ok : answer == Answer::timed_out ? result.requests.timed_out : result.requests.failed);
  ++(ok ? group.ok : failed ? group.failed : group.refused);
  group.good += good;
  if (ok) group.response.record(took_us);
  if (options_.window.count() > 0) {
    Window& now = window();
    ++(ok ? now.ok : failed ? now.failed : now.refused)[priority];
    now.good[priority] += good;
    if (ok) now.ok_seconds += static_cast<double>(took_ns) * 1e-9;
  }
  if (!ok || flow.step + 1 == planned.steps) return end_flow(slot, ok);
  ++flow.step;
  push(now_ns + plan.steps[step].think_ns, slot, Kind::step);
}

void Simulation::Engine::end_flow(std::uint32_t slot, bool completed) {
  ++(completed ? results_.flows.completed : results_.flows.aborted);
  --flows_in_flight_;
  free_flows_.push_back(slot);
}

Window& Simulation::Engine::window() {
  if (now_ns < window_end_ns_) return results_.windows.back();
  const std::int64_t length = options_.window.count();
  if (results_.windows.empty()) window_end_ns_ = now_ns / length * length;
  while (window_end_ns_ <= now_ns) {
    results_.windows.push_back({.start_s = static_cast<double>(window_end_ns_) * 1e-9});
    window_end_ns_ += length;
  }
  return results_.windows.back();
}

const Results& Simulation::Engine::results() {
  results_.to_s = static_cast<double>(now_ns) * 1e-9;
  results_.flows.in_flight = flows_in_flight_;
  for (std::size_t i = 0; i < results_.steps.size(); ++i) results_.steps[i].requests.in_flight = steps_in_flight_[i];
  results_.trips = 0;
  for (const Node& node : nodes) {
    for (const EdgeState& edge : node.edges) results_.trips += edge.breaker ? edge.breaker->trips() : 0;
  }
  return results_;
}

void Simulation::Engine::reset_results() {
  results_.from_s = static_cast<double>(now_ns) * 1e-9;
  results_.flows = {};
  for (auto& step : results_.steps) {
    step.requests = {};
    step.response.reset();
  }
  for (auto& priority : results_.priorities) {
    priority.started = priority.ok = priority.good = priority.refused = priority.failed = 0;
    priority.response.reset();
  }
  results_.windows.clear();
  window_end_ns_ = 0;
  results_.answers = {};
  results_.events = results_.retries = 0;
}

}  // namespace tidemark::twin
