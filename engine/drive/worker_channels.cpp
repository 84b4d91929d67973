#include <algorithm>

#include "engine/core/trace_id.h"
#include "engine/drive/request_dressing.h"
#include "engine/drive/worker.h"

namespace tidemark::drive {

void Worker::make_channels() {
  for (std::uint32_t origin = 0; origin < plan_.origins.size(); ++origin) {
    if (plan_.origins[origin].plain()) continue;
    const std::uint64_t number = channels_.size();
    channels_.push_back(origin);
    pools_[origin].channel = options_.make_channel({.loop = loop_,
                                                    .tag = ChannelContext::kTagBit | (number << 32U),
                                                    .owner = *this,
                                                    .origin = plan_.origins[origin],
                                                    .scenario = *options_.scenario,
                                                    .most_connections = options_.connections,
                                                    .run_id = options_.run_id,
                                                    .tagged = options_.tagged,
                                                    .start = options_.start});
  }
}

// Submits what waits, oldest first, until the channel refuses. A submission may end at once, begin the next request and
// come back here: so nothing of the flow is looked at after it.
void Worker::feed(std::uint32_t origin) {
  OriginPool& pool = pools_[origin];
  while (pool.room && !pool.waiting.empty() && !stopping_ && !(limit_ && must_hold(now()))) {
    const std::uint32_t index = pool.waiting.front();
    pool.waiting.pop_front();
    --waiting_;
    flows_[index].phase = FlowSlot::Phase::in_flight;
    pool.room = pool.channel->submit(index, rendered_request(flows_[index]));
    if (pool.room) {
      if (limit_) limit_->count(Nanos(now()));
      continue;
    }
    flows_[index].phase = FlowSlot::Phase::waiting;
    pool.waiting.push_front(index);
    ++waiting_;
  }
}

const Rendered& Worker::rendered_request(FlowSlot& slot, bool again) {
  static const std::vector<std::string> kNoValues;
  CompiledStep& step = plan_.flows[slot.flow].steps[slot.step];
  Rendered* request = &step.prepared;
  if (!step.constant) {
    render_fields(step, slot.state ? slot.state->values : kNoValues, logged_target(slot), rendered_);
    request = &rendered_;
  }
  if (is_dressed(slot)) {
    if (request != &rendered_) rendered_ = *request;
    request = &rendered_;
    rendered_.lasting = false;
    dress(slot, rendered_, rendered_.target);
  }
  request->step = &step;
  request->deadline_ns = slot.deadline;
  if (request->trace_field != Rendered::kNone) {
    char* to = request->fields[request->trace_field].value.data() + Rendered::kTraceIdAt;
    write_hex16(slot.trace_high, to);
    write_hex16(slot.trace_low, to + 16);
    if (!again) slot.span = traces_.next() | 1U;
    write_hex16(slot.span, to + 33);  // after a dash
  }
  return *request;
}

void Worker::on_channel_event(const EventLoop::Event& event) {
  const auto number = static_cast<std::uint32_t>((event.tag & ~ChannelContext::kTagBit) >> 32U);
  pools_[channels_[number]].channel->on_event(static_cast<std::uint32_t>(event.tag), event.readable, event.writable);
}

// The end of a turn: what is due in the channels, and what the turn submitted goes out.
void Worker::run_channels(std::int64_t at) {
  for (const std::uint32_t origin : channels_) {
    Channel& channel = *pools_[origin].channel;
    if (channel.next_timer() <= at) channel.on_timer(at);
    if (!pools_[origin].waiting.empty()) feed(origin);
    channel.flush();
  }
}

std::int64_t Worker::next_channel_timer() const {
  std::int64_t next = INT64_MAX;
  for (const std::uint32_t origin : channels_) next = std::min(next, pools_[origin].channel->next_timer());
  return next;
}

std::uint32_t Worker::channel_connections() const {
  std::uint32_t sum = 0;
  for (const std::uint32_t origin : channels_) sum += pools_[origin].channel->open_connections();
  return sum;
}

void Worker::on_sent(std::uint32_t exchange) {
  FlowSlot& slot = flows_[exchange];
  if (slot.sent < 0) slot.sent = now();
  if (!slot.started) count_started(slot);
}

void Worker::on_answer(std::uint32_t exchange, const Answer& answer) {
  const std::int64_t at = now();
  go_on(exchange, settle(exchange, answer, at), at);
}

void Worker::on_failure(std::uint32_t exchange, std::string_view why, bool connecting) {
  const std::int64_t at = now();
  end_request(exchange, Outcome::failed, at, why);
  advance_flow(exchange, Outcome::failed, at, connecting);
}

void Worker::on_refused(std::uint32_t exchange, std::string_view why) {
  FlowSlot& slot = flows_[exchange];
  if (slot.retried || stopping_) return on_failure(exchange, why, false);
  count_retry(slot);
  slot.phase = FlowSlot::Phase::waiting;
  pools_[slot.origin].waiting.push_front(exchange);  // fed at the end of the turn
  ++waiting_;
}

void Worker::on_room() {
  for (const std::uint32_t origin : channels_) {
    pools_[origin].room = true;
    feed(origin);
  }
}

void Worker::on_exhausted(bool of_ports) {
  ++(of_ports ? interval_->self.no_port : interval_->self.no_descriptor);
}

}  // namespace tidemark::drive
