#include <fmt/format.h>

#include <algorithm>

#include "engine/drive/worker.h"

namespace tidemark::drive {

void Worker::serve_control() {
  options_.control->serve([this](const ControlRequest& request) { return steer(request, now()); });
}

ControlReply Worker::steer(const ControlRequest& request, std::int64_t at) {
  using Kind = ControlRequest::Kind;
  constexpr int kMostOverdue = 1024;
  ControlReply reply;
  // What was due before the change is started before it.
  if (request.kind != Kind::status && sending_ && !stopping_) start_due(at, kMostOverdue);
  if (request.kind != Kind::status && !sending_) {
    reply.problem = "the load has ended; what is under way is waited for";
  } else if (request.kind == Kind::rate) {
    reply.problem = change_rate(request, at);
  } else if (request.kind == Kind::pause && !paused_) {
    cut_due(at);
    paused_ = true;
    clock_.set_speed(at, 0);
    for (UserPool& users : options_.users) users.pause(at);
    rescheduled("pause", at);
  } else if (request.kind == Kind::resume && paused_) {
    cut_due(at);
    paused_ = false;
    clock_.set_speed(at, open_model_ ? factor_ : 1);
    for (UserPool& users : options_.users) users.resume(at);
    rescheduled("resume", at);
  } else if (request.kind == Kind::stop) {
    cut_due(at);
    ended_by_control_ = true;
    next_arrival_.reset();
    next_due_ = LoadClock::kNever;
    end_sending(at);
    end_ns_ = at;
    rescheduled("stop", at);
  }
  reply.status = control_status(at);
  return reply;
}

// "" or why not.
std::string Worker::change_rate(const ControlRequest& request, std::int64_t at) {
  double factor = request.factor.value_or(1);
  if (request.rate) {
    if (!open_model_) return "a closed load has users, not a rate: give a factor, as in 2x";
    const std::int64_t plan = clock_.to_plan(at);
    const auto stage = std::ranges::find_if(options_.stages, [&](const auto& mark) { return plan < mark.end.count(); });
    if (stage == options_.stages.end() || stage->rate.per_second() <= 0)
      return "nothing is planned now, so that no factor makes it a rate: give a factor, as in 2x";
    factor = *request.rate / stage->rate.per_second();
  }
  cut_due(at);
  factor_ = factor;
  if (!paused_ && open_model_) clock_.set_speed(at, factor);
  for (UserPool& users : options_.users) users.scale(at, factor);
  rescheduled("rate", at);
  return "";
}

// Everything that was computed from the clock is computed again: the next arrival, the end, where windows are cut.
void Worker::rescheduled(const char* what, std::int64_t at) {
  if (next_arrival_ && next_due_ > at) next_due_ = clock_.to_run(next_arrival_->offset.count());
  if (sending_) find_end();
  std::vector<schedule::ArrivalStream::StageMark> marks;
  for (auto mark : options_.stages) {
    const std::int64_t start = clock_.to_run(mark.start.count()), end = clock_.to_run(mark.end.count());
    if (start == LoadClock::kNever || end == LoadClock::kNever || !sending_) continue;
    mark.start = Nanos(start);
    mark.end = Nanos(end);
    marks.push_back(mark);
  }
  cuts_ = CutSchedule(marks);
  while (cuts_.next().at_ns <= at) cuts_.advance();
  interval_->changes.push_back(
      {.at_ns = at, .what = what, .factor = factor_, .speed = clock_.speed(), .end_ns = end_ns_});
  cut(at, {}, false);
}

ControlStatus Worker::control_status(std::int64_t at) const {
  ControlStatus status;
  status.t_s = static_cast<double>(at) * 1e-9;
  const std::int64_t plan = clock_.to_plan(at);
  status.planned_s = static_cast<double>(plan) * 1e-9;
  status.end_s = end_ns_ == LoadClock::kNever ? -1 : static_cast<double>(end_ns_) * 1e-9;
  status.state = !sending_ ? "draining" : paused_ ? "paused" : "running";
  status.factor = factor_;
  for (const auto& mark : options_.stages) {
    if (open_model_ && sending_ && mark.start.count() <= plan && plan < mark.end.count())
      status.rate = mark.rate.per_second() * clock_.speed();
  }
  for (const UserPool& users : options_.users) status.users += users.present();
  status.flows = flow_book_;
  status.flows.in_flight = flows_.active();
  status.requests = request_book_;
  status.connections = open_connections_;
  status.waiting = waiting_;
  return status;
}

}  // namespace tidemark::drive
