#include "engine/drive/worker.h"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

namespace tidemark::drive {
namespace {

constexpr std::int64_t kMilli = 1'000'000;
constexpr std::int64_t kStopLatency = 20 * kMilli;   // a signal is seen at least this often
constexpr std::int64_t kStopDrain = 5'000 * kMilli;  // after a signal
constexpr std::int64_t kCatchUp = 5'000 * kMilli;    // after the schedule's end, for a generator that is behind it
constexpr int kStartBatch = 64;                      // arrivals between two looks at the sockets
constexpr int kCutBatch = 1024;                      // arrivals that may be made up for before a cut
constexpr std::size_t kReceiveBytes = 64 * 1024;

}  // namespace

Worker::Worker(WorkerOptions options, RequestPlan plan, EventLoop loop, Mailbox& mailbox)
    : options_(std::move(options)),
      plan_(std::move(plan)),
      open_model_(options_.arrivals != nullptr),
      timeout_ns_(options_.scenario->timeout.count()),
      loop_(std::move(loop)),
      mailbox_(mailbox),
      cuts_(options_.stages),
      interval_(mailbox.empty()),
      pacer_({.spin = options_.spin, .probe = open_model_}),
      traces_(options_.seed, "traces/" + options_.run_id),
      variables_(options_.seed, "variables"),
      series_in_flight_(plan_.series.size()),
      receive_buffer_(std::make_unique<char[]>(kReceiveBytes)) {
  for (const auto& origin : plan_.origins) pools_.emplace_back().address = socket_address(origin);
  if (options_.most_per_second > 0) limit_.emplace(options_.most_per_second);
  make_channels();
  find_functions();
  if (open_model_) next_planned();
  find_end();
}

Worker::~Worker() {
  for (std::uint32_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i].state != Connection::State::closed) close_connection(i);
  }
}

void Worker::run() {
  // The default slack of 50 us would be most of the lag at low rates.
  prctl(PR_SET_TIMERSLACK, 1UL);
  // A schedule is kept at the moment, not when a neighbour's turn is over. Refused without the privilege, which costs
  // lag on a busy machine and nothing else; the kernel keeps a share of the core for everybody else in any case.
  const sched_param first{.sched_priority = 1};
  if (open_model_) sched_setscheduler(0, SCHED_FIFO, &first);
  monitor_.since_last();
  for (std::int64_t at = now(); at < 0; at = now()) loop_.wait(Nanos(-at));
  while (!stop_now_.load(std::memory_order_relaxed)) {
    turn(now());
    if (finished(now())) break;
    sleep_and_react();
  }
  const std::int64_t at = now();
  if (sending_) end_sending(at);
  cut(at, {.at_ns = at, .second = true, .window = true}, true);
  if (options_.control != nullptr) options_.control->close();
}

void Worker::sleep_and_react() {
  const std::int64_t limit = pacer_.sleep_until(seen_, next_instant(seen_)) - seen_;
  const bool behind = overdue();
  const auto events = loop_.wait(Nanos(limit));
  const std::int64_t asleep_at = seen_;
  pacer_.woke(now(), !events.empty(), interval_->timer_floor);
  if (limit <= 0 && events.empty() && !behind) polled_ns_ += seen_ - asleep_at;  // awake by choice, not for work
  for (const auto& event : events) {
    on_event(event);
    // A planned start does not wait for the rest of the batch; the answers looked at the clock. Not where a batch of
    // starts has just left some over: each may open a connection, which takes longer than the next start is away, and
    // the sockets that are to serve them would never get their turn.
    if (!behind && overdue()) {
      start_due(seen_, 1);
      wake_due(seen_);
    }
  }
}

bool Worker::overdue() const {
  return !stopping_ && (next_due_ <= seen_ || (!wakes_.empty() && wakes_.top().at <= seen_));
}

void Worker::turn(std::int64_t at) {
  if (options_.control != nullptr && options_.control->pending()) serve_control();
  watch_for_stop(at);
  cut_due(at);
  if (!stopping_) {
    start_due(at, kStartBatch);
    if (!options_.users.empty() && sending_) users_join(at);
    wake_due(at);
    if (held_until_ <= at) resume_held(at);
  }
  expire_due(at);
  if (!channels_.empty()) run_channels(at);
}

bool Worker::finished(std::int64_t at) {
  if (stopping_) return request_book_.in_flight == parked_ || at >= drain_until_;
  if (sending_) {
    const bool all_sent = (at >= end_ns_ || data_ended_) && !next_arrival_;
    if (!all_sent && (end_ns_ == LoadClock::kNever || at < end_ns_ + std::min(timeout_ns_, kCatchUp))) return false;
    end_sending(at);
  }
  return flows_.active() == 0 || at >= drain_until_;
}

void Worker::end_sending(std::int64_t at) {
  sending_ = false;
  sending_ns_ = std::min(at, end_ns_);
  drain_until_ = at + options_.grace.count();
  for (UserPool& users : options_.users) users.stop();
  if (stopping_ || ended_by_control_ || stop_now_.load(std::memory_order_relaxed)) return;
  for (; next_arrival_; next_planned()) {  // too far behind to be sent
    ++flow_book_.planned;
    ++flow_book_.dropped;
    ++interval_->flows.planned;
    ++interval_->flows.dropped;
    interval_->planned_requests += plan_.flows[next_arrival_->flow].steps.size();
  }
}

void Worker::watch_for_stop(std::int64_t at) {
  const int signal = options_.stop_signal == nullptr ? 0 : options_.stop_signal->load(std::memory_order_relaxed);
  const bool early = !stopping_ && end_early_.load(std::memory_order_relaxed);
  if ((signal == 0 && !early) || (signal == stopped_by_ && stopping_)) return;
  if (stopping_ && stopped_by_ != 0) {  // a second, different one
    stop_now();
    return;
  }
  stopping_ = true;
  stopped_by_ = signal;
  if (sending_) {
    cut_due(at);
    cut(at, {}, false);
    end_sending(at);
  }
  drain_until_ = at + std::min(kStopDrain, timeout_ns_);
}

void Worker::cut_due(std::int64_t at) {
  while (cuts_.next().at_ns <= at) {
    const CutSchedule::Cut next = cuts_.next();
    // Arrivals of this interval that are due but not yet seen belong to it.
    if (!stopping_) start_due(next.at_ns - 1, kCutBatch);
    cut(next.at_ns, next, false);
    cuts_.advance();
  }
}

void Worker::cut(std::int64_t at, CutSchedule::Cut kind, bool last) {
  const auto times = monitor_.since_last();
  interval_->start_ns = cut_from_;
  interval_->end_ns = std::max(at, cut_from_);
  interval_->ends_second = kind.second;
  interval_->ends_window = kind.window;
  interval_->last = last;
  interval_->sending = cut_from_ < end_ns_ && (sending_ || cut_from_ < sending_ns_);
  interval_->flows.in_flight = flows_.active();
  for (std::size_t i = 0; i < series_in_flight_.size(); ++i)
    interval_->series[i].counts.in_flight = series_in_flight_[i];
  interval_->self.cpu_ns = std::max<std::int64_t>(0, times.cpu_ns - std::exchange(polled_ns_, 0));
  interval_->self.run_queue_ns = times.run_queue_ns;
  interval_->connections = open_connections_ + channel_connections();
  interval_->waiting = waiting_;
  cut_from_ = interval_->end_ns;
  mailbox_.put(std::move(interval_));
  if (!last) interval_ = mailbox_.empty();
}

void Worker::next_planned() {
  next_arrival_ = options_.arrivals->next();
  next_due_ = next_arrival_ ? clock_.to_run(next_arrival_->offset.count()) : LoadClock::kNever;
}

void Worker::find_end() {
  end_ns_ = open_model_ ? clock_.to_run(options_.duration.count()) : 0;
  for (const UserPool& users : options_.users) end_ns_ = std::max(end_ns_, users.end());
}

void Worker::start_due(std::int64_t until, int at_most) {
  for (int i = 0; i < at_most && next_due_ <= until; ++i) {
    const std::uint32_t flow = next_arrival_->flow;
    const std::uint64_t number = next_arrival_->number;
    const std::int64_t planned = next_due_;
    next_planned();
    begin_flow(flow, number, planned, {});
  }
}

void Worker::wake_due(std::int64_t at) {
  while (!wakes_.empty() && wakes_.top().at <= at) {
    const Wake wake = wakes_.top();
    wakes_.pop();
    if (wake.pool == kNone) {
      begin_step(wake.index, wake.at, true);
    } else if (const auto start = options_.users[wake.pool].begin(wake.index, wake.at)) {
      begin_user(wake.pool, *start);
    }
  }
}

void Worker::expire_due(std::int64_t at) {
  for (auto index = flows_.next_to_expire(); index != kNone && flows_[index].deadline <= at;
       index = flows_.next_to_expire()) {
    const FlowSlot& slot = flows_[index];
    const std::uint32_t origin = slot.origin;
    bool unsent = slot.phase == FlowSlot::Phase::waiting;
    if (unsent) {
      auto& waiting = pools_[origin].waiting;  // oldest first, so this is its front
      waiting.erase(std::find(waiting.begin(), waiting.end(), index));
      --waiting_;
    } else if (slot.phase == FlowSlot::Phase::parked) {
      --parked_;
    } else if (pools_[origin].channel) {
      pools_[origin].channel->cancel(index);
      unsent = slot.sent < 0;
    } else {
      close_connection(slot.connection);
    }
    end_request(index, Outcome::timed_out, at, unsent ? "timed out waiting for a connection" : "timed out");
    advance_flow(index, Outcome::timed_out, at, false);
    pump(origin);
  }
}

std::int64_t Worker::next_instant(std::int64_t at) const {
  std::int64_t next = std::min(at + kStopLatency, cuts_.next().at_ns);
  if (!stopping_) {
    next = std::min(next, next_due_);
    if (!wakes_.empty()) next = std::min(next, wakes_.top().at);
    for (const UserPool& users : options_.users) next = std::min(next, users.next_join());
    next = std::min(next, held_until_);
  }
  if (flows_.next_to_expire() != kNone) next = std::min(next, flows_[flows_.next_to_expire()].deadline);
  if (sending_ && at < end_ns_) next = std::min(next, end_ns_);
  if (!channels_.empty()) next = std::min(next, next_channel_timer());
  return next;
}

}  // namespace tidemark::drive
