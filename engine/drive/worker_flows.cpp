#include <algorithm>

#include "engine/drive/request_dressing.h"
#include "engine/drive/worker.h"

namespace tidemark::drive {
namespace {

constexpr std::int64_t kRefusedPause =
    100'000'000;  // a user of the closed model, after a refused connection: no busy loop
constexpr std::size_t kErrorKindBytes = 256;

}  // namespace

void Worker::users_join(std::int64_t at) {
  for (std::uint32_t pool = 0; pool < options_.users.size(); ++pool) {
    while (const auto start = options_.users[pool].next_to_join(at)) begin_user(pool, *start);
  }
}

void Worker::begin_user(std::uint32_t pool, const UserPool::Start& start) {
  begin_flow(start.flow, start.number, start.planned, {pool, start.user});
}

// The flow of a user of a closed load has ended.
void Worker::user_ended(UserRef who, std::int64_t begun, std::int64_t at, bool refused) {
  UserPool& users = options_.users[who.pool];
  auto next = users.after_flow(who.user, begun, at);
  if (!next) return;
  if (refused) next = std::max(*next, at + kRefusedPause);
  if (*next > at) {
    wakes_.push({.at = *next, .index = who.user, .pool = who.pool});
  } else if (const auto start = users.begin(who.user, at)) {
    begin_user(who.pool, *start);
  }
}

void Worker::begin_flow(std::uint32_t flow, std::uint64_t number, std::int64_t planned, UserRef who) {
  const CompiledFlow& compiled = plan_.flows[flow];
  if (!compiled.columns.empty() && feeders_end(flow, number, who)) end_of_data();
  if (data_ended_) return;
  ++flow_book_.planned;
  ++interval_->flows.planned;
  // With conditions and repetitions the requests are counted as they come up.
  if (compiled.program.empty()) interval_->planned_requests += compiled.steps.size();
  if (waiting_ >= options_.most_waiting && who.pool == kNone) {  // users are as many as they are
    ++flow_book_.dropped;
    ++interval_->flows.dropped;
    return;
  }
  const std::uint32_t index = flows_.allocate();
  FlowSlot& slot = flows_[index];
  slot.flow = flow;
  slot.step = 0;
  slot.number = number;
  slot.pool = who.pool;
  slot.user = who.user;
  slot.begun = planned;
  if (compiled.traced) {
    slot.trace_high = traces_.next() | 1U;  // never all zero
    slot.trace_low = traces_.next();        // every remainder as likely: nodes sample traces by it
  }
  if (compiled.uses_state) begin_state(slot);
  if (!user_cookies_.empty() && who.pool != kNone) bring_cookies(slot);
  if (!compiled.program.empty()) {
    slot.phase = FlowSlot::Phase::thinking;
    if (const auto next = next_step(slot, planned, 0); next != FlowWalk::Result::send) {
      leave_flow(index, next == FlowWalk::Result::end, planned, true);  // nothing of it is to be done
      return;
    }
  }
  begin_step(index, planned, true);
}

void Worker::begin_step(std::uint32_t index, std::int64_t planned, bool by_timer) {
  const std::int64_t at = now();
  FlowSlot& slot = flows_[index];
  slot.planned = planned;
  slot.sent = -1;
  slot.started = slot.retried = false;
  slot.connection = kNone;
  if (by_timer) count_send(at - planned);
  flows_.arm(index, at + timeout_ns_);
  const CompiledStep& step = step_of(slot);
  const std::uint32_t origin = slot.origin = step.origin;
  slot.phase = FlowSlot::Phase::waiting;
  if (step.prepared_anew && !prepare_step(index, at)) return;
  OriginPool& pool = pools_[origin];
  if (!pool.idle.empty() && pool.waiting.empty() && !must_hold(at)) {
    const std::uint32_t connection = pool.idle.back();
    pool.idle.pop_back();
    send_on(connection, index, at);
    return;
  }
  pool.waiting.push_back(index);
  ++waiting_;
  if (open_connections_ >= options_.connections) ++interval_->self.overflow;
  pump(origin);
  if (held_until_ != INT64_MAX) ++interval_->self.held_back;
}

void Worker::count_send(std::int64_t lateness) {
  SelfStats& self = interval_->self;
  ++self.sends;
  if (lateness > kLateNs) ++self.late_sends;
  self.worst_lateness_ns = std::max(self.worst_lateness_ns, lateness);
}

void Worker::count_started(FlowSlot& slot) {
  const std::uint32_t series = step_of(slot).series;
  slot.started = true;
  ++interval_->series[series].counts.started;
  ++series_in_flight_[series];
  ++request_book_.started;
  ++request_book_.in_flight;
}

void Worker::count_retry(FlowSlot& slot) {
  slot.retried = true;
  ++interval_->retried;
}

// Replay: the target that comes with the flow's arrival, until the next call; null otherwise.
const std::string* Worker::logged_target(const FlowSlot& slot) {
  if (options_.logged_targets == nullptr) return nullptr;
  logged_target_.assign((*options_.logged_targets)[slot.number]);
  return &logged_target_;
}

// `again`: as it was sent the last time.
std::string& Worker::request_bytes(FlowSlot& slot, bool again) {
  static const std::vector<std::string> kNoValues;
  CompiledStep& step = plan_.flows[slot.flow].steps[slot.step];
  std::string* bytes = &step.bytes;
  std::size_t trace_at = step.trace_at;
  if (!step.constant) {
    trace_at = render_request(step, slot.state ? slot.state->values : kNoValues, logged_target(slot), scratch_);
    bytes = &scratch_;
  }
  if (is_dressed(slot)) {
    if (bytes != &scratch_) scratch_ = *bytes;
    bytes = &scratch_;
    dress(slot, scratch_, target_of(scratch_));
    trace_at = find_trace(scratch_);
  }
  if (trace_at != 0) {
    if (!again) slot.span = traces_.next() | 1U;
    char* to = bytes->data() + trace_at;
    write_hex16(slot.trace_high, to);
    write_hex16(slot.trace_low, to + 16);
    write_hex16(slot.span, to + 33);  // after a dash
  }
  return *bytes;
}

void Worker::finish_answer(std::uint32_t connection, std::int64_t at, bool reusable) {
  Connection& used = connections_[connection];
  const std::uint32_t index = used.flow;
  const std::uint32_t origin = used.origin;
  const Settled settled = settle(index, {used.framing.status(), used.framing.header_lines(), used.framing.body()}, at);
  if (reusable && used.framing.keep_alive()) {
    release(connection);
  } else {
    close_connection(connection);
    pump(origin);
  }
  go_on(index, settled, at);
}

// Checks and captures of a whole answer, and the end of its request, unless a redirect makes another one of it.
Worker::Settled Worker::settle(std::uint32_t index, const Answer& answer, std::int64_t at) {
  FlowSlot& slot = flows_[index];
  const CompiledStep& step = step_of(slot);
  // Cookies, redirects and codings announce themselves in the header.
  if (step.follows_up || (step.keep_hints && !answer.header_lines.empty())) return settle_fully(index, answer, at);
  auto failure = accept(slot, answer, at);
  const Outcome outcome = failure ? Outcome::failed : Outcome::ok;
  if (failure) ++interval_->series[step.series].checks_failed;
  end_request(index, outcome, at, failure ? std::string_view(*failure) : std::string_view(), &answer);
  return failure ? Settled::failed : Settled::ok;
}

void Worker::go_on(std::uint32_t index, Settled settled, std::int64_t at) {
  if (settled == Settled::redirected) {
    resend(index);
  } else {
    advance_flow(index, settled == Settled::ok ? Outcome::ok : Outcome::failed, at, false);
  }
}

void Worker::record_clocks(const FlowSlot& slot, std::uint32_t series, std::int64_t at) {
  const std::int64_t response_us = (at - slot.planned) / 1000;
  const std::int64_t service_us = slot.sent < 0 ? 0 : (at - slot.sent) / 1000;
  const std::int64_t lag_us = (slot.sent < 0 ? at - slot.planned : slot.sent - slot.planned) / 1000;
  const auto record = [&](SeriesStats& into) {
    into.response.record(response_us);
    into.service.record(service_us);
    into.lag.record(lag_us);
  };
  record(interval_->series[series]);
  if (interval_->total) record(*interval_->total);
}

void Worker::end_request(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view error,
                         const Answer* answer) {
  FlowSlot& slot = flows_[index];
  if (options_.on_exchange) observe(slot, outcome, error, answer, at);
  if (!slot.started) count_started(slot);  // it ended before it could be sent
  flows_.disarm(index);
  const std::uint32_t series = step_of(slot).series;
  RequestBook& counts = interval_->series[series].counts;
  const auto count = [outcome](RequestBook& book) {
    ++(outcome == Outcome::ok ? book.ok : outcome == Outcome::failed ? book.failed : book.timed_out);
  };
  count(counts);
  count(request_book_);
  --series_in_flight_[series];
  --request_book_.in_flight;
  record_clocks(slot, series, at);
  if (outcome != Outcome::ok && note_error(error)) keep_failure(slot, error, outcome, answer, at);
  if (slot.state) slot.state->hop.reset();
}

bool Worker::note_error(std::string_view kind) {
  auto& errors = interval_->errors;
  kind = kind.substr(0, kErrorKindBytes);
  const auto known = errors.find(kind);
  if (known != errors.end()) {
    ++known->second;
    return false;
  }
  ++errors[errors.size() < kMostErrorKinds ? std::string(kind) : "other"];
  return true;
}

void Worker::advance_flow(std::uint32_t index, Outcome outcome, std::int64_t at, bool refused) {
  FlowSlot& slot = flows_[index];
  const CompiledFlow& flow = plan_.flows[slot.flow];
  const bool plain = flow.program.empty();
  if (outcome != Outcome::ok || (plain && slot.step + 1 == flow.steps.size())) {
    leave_flow(index, outcome == Outcome::ok, at, refused);
    return;
  }
  const std::int64_t think = think_after(slot);
  if (plain) {
    ++slot.step;
  } else if (const auto next = next_step(slot, at, think); next != FlowWalk::Result::send) {
    leave_flow(index, next == FlowWalk::Result::end, at, next != FlowWalk::Result::end);
    return;
  }
  if (think <= 0 && !stopping_) {
    begin_step(index, at, false);
    return;
  }
  slot.phase = FlowSlot::Phase::thinking;
  if (!stopping_) wakes_.push({.at = at + think, .index = index});
}

void Worker::leave_flow(std::uint32_t index, bool completed, std::int64_t at, bool refused) {
  if (options_.on_flow_end) {
    static const std::vector<std::string> kNoValues;
    options_.on_flow_end(flows_[index].state ? flows_[index].state->values : kNoValues, completed);
  }
  ++(completed ? flow_book_.completed : flow_book_.aborted);
  ++(completed ? interval_->flows.completed : interval_->flows.aborted);
  const UserRef who{flows_[index].pool, flows_[index].user};
  const std::int64_t begun = flows_[index].begun;
  if (who.pool != kNone && flows_[index].state) leave_cookies(flows_[index]);
  flows_.release(index);
  if (who.pool != kNone) user_ended(who, begun, at, refused);
}

}  // namespace tidemark::drive
