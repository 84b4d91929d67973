// What goes from a caller to a callee and back: choice of the node, network, deadlines, retries, breakers, bulkheads.
#include <algorithm>

#include "models/twin/engine_hot.h"

namespace tidemark::twin {
namespace {

// Who refuses protects itself: that says nothing of whether it could have answered, and asking again at once would only
// feed its overload.
bool failed(Answer answer) {
  return answer == Answer::error || answer == Answer::unreachable || answer == Answer::timed_out;
}

}  // namespace

// The next group of calls; when there is none left, or one before has failed, the operation is over.
void Simulation::Engine::call_next(std::uint32_t index) {
  const PlannedOperation& operation = plan.operations[frames_[index].operation];
  while (frames_[index].answer == Answer::ok && frames_[index].group < operation.groups) {
    const PlannedGroup& group = plan.groups[operation.first_group + frames_[index].group++];
    frames_[index].state = Frame::State::calling;
    frames_[index].pending = 1;  // this function itself: an answer that comes at once must not go on
    for (std::uint32_t c = group.first_call; c < group.first_call + group.calls; ++c) {
      const PlannedCall& call = plan.calls[c];
      if (call.on_miss && !frames_[index].missed) continue;
      std::uint32_t times = call.whole;
      if (call.chance > 0 && chance_.happens(call.chance)) ++times;
      for (; times > 0; --times) {
        ++frames_[index].pending;
        issue(index, c, 0);
      }
    }
    if (--frames_[index].pending > 0) return;
  }
  leave(index);
}

void Simulation::Engine::issue(std::uint32_t parent, std::uint32_t number, std::uint8_t attempt) {
  const PlannedCall& call = plan.calls[number];
  const PlannedEdge& edge = plan.edges[call.edge];
  Node& caller = nodes[frames_[parent].node];
  if (frames_[parent].doomed) return settle(parent, number, attempt, Answer::unreachable);
  if (plan.system.deadlines && frames_[parent].deadline_ns <= now_ns)
    return settle(parent, number, attempt, Answer::timed_out);
  guard::Breaker::Permit permit;
  if (watched_[call.edge]) {
    EdgeState& state = caller.edges[edge.local];
    if (edge.at_once > 0 && state.under_way >= edge.at_once) return settle(parent, number, attempt, Answer::crowded);
    if (state.breaker) {
      const auto allowed = state.breaker->allow(instant());
      if (!allowed) return settle(parent, number, attempt, Answer::open_circuit);
      permit = *allowed;
    }
    ++state.under_way;
    if (state.retry && attempt == 0) state.retry->requested(instant());
  }
  const std::uint32_t index = frames_.make();
  Frame& frame = frames_[index];
  const Frame& from = frames_[parent];
  frame.parent = parent;
  frame.flow = from.flow;
  frame.flow_kind = from.flow_kind;
  frame.key = from.key;
  frame.cohort = from.cohort;
  frame.priority = from.priority;
  frame.operation = static_cast<std::uint16_t>(call.operation);
  frame.call = static_cast<std::uint16_t>(number);
  frame.attempt = attempt;
  frame.called = called_mark(now_ns);
  frame.permit = permit.epoch;
  frame.deadline_ns = plan.system.deadlines ? from.deadline_ns : kNever;
  if (edge.timeout_ns > 0) frame.deadline_ns = std::min(frame.deadline_ns, now_ns + edge.timeout_ns);
  watch_deadline(index);
  const std::uint32_t region = plan.fleets[caller.fleet].region;
  send(index, plan.fleet_of(call.service, region), region);
}

std::int64_t Simulation::Engine::delay_of(const PlannedEdge& edge, std::uint32_t from, std::uint32_t to) {
  if (edge.delay_ns == 0 && from == to) return 0;
  double delay = static_cast<double>(edge.delay_ns);
  if (from != to) {
    delay += static_cast<double>(std::max(plan.system.regions[from].delay, plan.system.regions[to].delay).count());
  }
  return static_cast<std::int64_t>(edge.delay_cv > 0 && delay > 0 ? jitter_.lognormal(delay, edge.delay_cv) : delay);
}

void Simulation::Engine::scan_deadlines() {
  const std::int64_t from = horizon_ns_;
  horizon_ns_ = now_ns + scan_every_ns_;
  for (std::uint32_t i = 0; i < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    const bool due = frame.deadline_ns >= from && frame.deadline_ns < horizon_ns_;
    if (due && frame.state != Frame::State::free && frame.parent != kNobody) push(frame.deadline_ns, i, Kind::deadline);
  }
  push(horizon_ns_ - 1, 0, Kind::scan);
}

// The caller gives up. The callee, if it has been told the deadline, drops what still waits; what is being worked on
// goes on for nobody.
void Simulation::Engine::pass_deadline(const Event& event) {
  --results_.events;
  Frame& frame = frames_[event.index];
  if (frame.state == Frame::State::free || frame.deadline_ns != event.time_ns || frame.parent == kNobody) return;
  ++results_.events;
  const Frame copy = frame;
  frame.parent = kNobody;
  if (frame.state == Frame::State::queued && plan.system.deadlines) {
    leave_queue(event.index);
    frames_.free(event.index);
  }
  tell_caller(copy, Answer::timed_out);
}

// The frame's answer is at its caller, if it still has one.
void Simulation::Engine::end_call(std::uint32_t index) {
  const Frame frame = frames_[index];
  frames_.free(index);
  if (frame.parent != kNobody) tell_caller(frame, frame.answer);
}

// `child` as it was when the call ended, whatever has become of it.
void Simulation::Engine::tell_caller(const Frame& child, Answer answer) {
  if (child.parent == kClient) return end_step(child.flow, answer);
  if (watched_[plan.calls[child.call].edge]) tell_guards(child, answer);
  settle(child.parent, child.call, child.attempt, answer);
}

void Simulation::Engine::tell_guards(const Frame& child, Answer answer) {
  EdgeState& state = nodes[frames_[child.parent].node].edges[plan.edges[plan.calls[child.call].edge].local];
  --state.under_way;
  if (state.breaker) {
    const guard::Breaker::Permit permit{.epoch = child.permit};
    if (answer == Answer::ok || failed(answer)) {
      const Nanos latency(ns_since(child.called, now_ns));
      state.breaker->finished(instant(), permit, {.latency = latency, .failed = failed(answer)});
    } else {
      state.breaker->abandoned(instant(), permit);
    }
  }
  if (state.retry && answer == Answer::ok) state.retry->succeeded();
}

// A call has its answer: another attempt, or one call less to wait for.
void Simulation::Engine::settle(std::uint32_t index, std::uint32_t call, std::uint8_t attempt, Answer answer) {
  if (answer != Answer::ok) {
    if (try_again(index, call, attempt, answer)) return;
    if (!plan.calls[call].optional && frames_[index].answer == Answer::ok) frames_[index].answer = answer;
  }
  if (--frames_[index].pending == 0) call_next(index);
}

bool Simulation::Engine::try_again(std::uint32_t parent, std::uint32_t call, std::uint8_t attempt, Answer answer) {
  if (!failed(answer) || !watched_[plan.calls[call].edge]) return false;
  EdgeState& state = nodes[frames_[parent].node].edges[plan.edges[plan.calls[call].edge].local];
  if (!state.retry || frames_[parent].doomed) return false;
  const bool repeatable = answer == Answer::unreachable || plan.operations[plan.calls[call].operation].idempotent;
  const std::int64_t deadline = frames_[parent].deadline_ns;
  const Nanos left = plan.system.deadlines && deadline != kNever ? Nanos(deadline - now_ns) : Nanos::max();
  const auto decision = state.retry->failed(instant(), attempt + 1U, repeatable, left, Nanos{});
  if (decision.verdict != guard::Retry::Verdict::again) return false;
  ++results_.retries;
  const std::uint32_t index = frames_.make();
  Frame& frame = frames_[index];
  frame.state = Frame::State::pausing;
  frame.parent = parent;
  frame.flow = frames_[parent].flow;
  frame.call = static_cast<std::uint16_t>(call);
  frame.attempt = static_cast<std::uint8_t>(attempt + 1);
  frame.deadline_ns = kNever;
  push(now_ns + decision.wait.count(), index, Kind::retry);
  return true;
}

void Simulation::Engine::retry(std::uint32_t index) {
  const Frame frame = frames_[index];
  frames_.free(index);
  issue(frame.parent, frame.call, frame.attempt);
}

}  // namespace tidemark::twin
