// Exchanges that are kept whole: the first failure of each kind, and every one of a single iteration that is watched.
#include "engine/drive/answer_checks.h"
#include "engine/drive/worker.h"

namespace tidemark::drive {
namespace {

std::string text_of(const Rendered& request) {
  if (!request.words.empty()) {
    std::string text;
    for (const auto& word : request.words) text.append(text.empty() ? "" : " ").append(word);
    return text;
  }
  std::string text = request.method + " " + request.target + " HTTP\r\nhost: " + request.authority + "\r\n";
  for (const auto& field : request.fields) text.append(field.name).append(": ").append(field.value).append("\r\n");
  return text.append("\r\n").append(request.body);
}

}  // namespace

// The request as it was sent, rendered again: its values have not changed since. Without an answer, what came of one.
Exchange Worker::exchange_of(FlowSlot& slot, const Answer* answer, std::int64_t at) {
  const CompiledStep& step = step_of(slot);
  const Origin& origin = plan_.origins[slot.origin];
  Exchange exchange;
  exchange.flow = plan_.flows[slot.flow].flow->name;
  exchange.step = step.step->name;
  exchange.origin = origin.scheme + "://" + origin.authority;
  exchange.flow_number = slot.number;
  exchange.hop = slot.state && slot.state->hop ? slot.state->hop->count : 0;
  exchange.sent = slot.sent >= 0;
  exchange.planned_ns = slot.planned;
  exchange.sent_ns = slot.sent;
  exchange.ended_ns = at;
  if (pools_[slot.origin].channel) {
    exchange.request = text_of(rendered_request(slot, true));
  } else if (slot.state && !step.step->after.empty() && !slot.state->sent.empty()) {
    exchange.request = slot.state->sent;
  } else {
    exchange.request = request_bytes(slot, true);
  }
  if (answer != nullptr) {
    exchange.answered = true;
    exchange.status = answer->status;
    exchange.header_lines = answer->header_lines;
    exchange.body = answer->body;
  }
  return exchange;
}

void Worker::keep_failure(FlowSlot& slot, std::string_view kind, Outcome outcome, const Answer* answer,
                          std::int64_t at) {
  if (kept_failures_.size() >= kMostErrorKinds || kept_failures_.contains(kind)) return;
  kept_failures_.emplace(kind);
  Exchange exchange = exchange_of(slot, answer, at);
  exchange.kind = kind;
  exchange.outcome = outcome;
  if (slot.connection != kNone && !pools_[slot.origin].channel) {
    exchange.raw = connections_[slot.connection].received;
    exchange.cut = exchange.raw.size() >= Connection::kMostReceived;
    if (arriving_on_ == slot.connection && !exchange.cut) exchange.raw.append(arriving_);
    exchange.answered = !exchange.raw.empty();
  }
  interval_->failures.push_back(std::move(exchange));
}

void Worker::observe(FlowSlot& slot, Outcome outcome, std::string_view kind, const Answer* answer, std::int64_t at) {
  Exchange exchange = exchange_of(slot, answer, at);
  const CompiledStep& step = step_of(slot);
  exchange.outcome = outcome;
  exchange.kind = kind;
  const bool last = answer != nullptr && kind != "redirect";
  if (last) exchange.checks = every_check(*step.step, *answer, Nanos(at - slot.planned));
  if (last && outcome == Outcome::ok) {
    for (std::size_t i = 0; i < step.capture_slots.size(); ++i) {
      exchange.captured.emplace_back(step.step->captures[i].variable, slot.state->values[step.capture_slots[i]]);
    }
  }
  options_.on_exchange(std::move(exchange));
}

}  // namespace tidemark::drive
