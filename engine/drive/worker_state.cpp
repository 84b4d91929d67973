// The worker's flows that have a state (values, a program, cookies), and answers that lead to more than checks: cookies
// to keep, content to decode, redirects to follow, a Lua function to ask. Nothing here runs for a plain step.
#include <algorithm>
#include <chrono>

#include "engine/drive/answer_checks.h"
#include "engine/drive/content_coding.h"
#include "engine/drive/redirect.h"
#include "engine/drive/request_dressing.h"
#include "engine/drive/response_framing.h"
#include "engine/drive/worker.h"
#include "engine/schedule/template_functions.h"

namespace tidemark::drive {
namespace {

std::int64_t wall_ns() {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

void Worker::find_functions() {
  if (options_.script.empty()) return;
  auto lua = LuaSandbox::create(options_.script, "lua", plan_.slots);
  if (!lua) return;  // it loaded when the run was prepared; without it every call fails and says so
  lua_ = std::move(*lua);
  for (auto& flow : plan_.flows) {
    for (auto& step : flow.steps) {
      if (!step.step->before.empty()) step.before = lua_->function(step.step->before).value_or(step.before);
      if (!step.step->after.empty()) step.after = lua_->function(step.step->after).value_or(step.after);
    }
  }
}

LuaSandbox::Flow Worker::lua_flow(FlowSlot& slot) const {
  return {.values = &slot.state->values,
          .random = &slot.state->draws,
          .number = slot.number,
          .now_ms = wall_ns() / 1'000'000};
}

// The row of the column's feeder for a flow; a user of a closed load keeps one that is its own.
std::optional<std::size_t> Worker::row_of(const FeederColumn& column, std::uint64_t number, UserRef who) const {
  const schedule::Feeder& feeder = options_.scenario->feeders[column.feeder];
  const bool of_user = feeder.order == schedule::Feeder::Order::unique && who.pool != kNone;
  return plan_.feeders[column.feeder]->row_for(feeder, options_.seed,
                                               of_user ? options_.users[who.pool].number_among_all(who.user) : number);
}

// No flow begins any more; the run ends as if its schedule had.
void Worker::end_of_data() {
  data_ended_ = true;
  next_arrival_.reset();
  next_due_ = LoadClock::kNever;
}

bool Worker::feeders_end(std::uint32_t flow, std::uint64_t number, UserRef who) const {
  const auto& columns = plan_.flows[flow].columns;
  return std::any_of(columns.begin(), columns.end(),
                     [&](const FeederColumn& column) { return !row_of(column, number, who); });
}

FlowState& Worker::state_of(FlowSlot& slot) {
  if (!slot.state) slot.state = std::make_unique<FlowState>(variables_.stream(slot.number));
  return *slot.state;
}

// What a user of a closed load was given by its last flow.
void Worker::bring_cookies(FlowSlot& slot) {
  const auto kept = user_cookies_.find({slot.pool, slot.user});
  if (kept == user_cookies_.end() || !plan_.flows[slot.flow].keeps_cookies) return;
  state_of(slot).cookies = std::move(kept->second);
  user_cookies_.erase(kept);
}

void Worker::leave_cookies(FlowSlot& slot) {
  if (slot.state->cookies.size() > 0) user_cookies_[{slot.pool, slot.user}] = std::move(slot.state->cookies);
}

void Worker::begin_state(FlowSlot& slot) {
  FlowState& state = state_of(slot);
  draw_values(plan_, *options_.scenario, slot.number, options_.run_id, state.draws, state.values);
  for (const auto& [to, value] : plan_.given) state.values[to] = value;
  for (const auto& column : plan_.flows[slot.flow].columns) {
    const auto& table = *plan_.feeders[column.feeder];
    const auto row = row_of(column, slot.number, {slot.pool, slot.user});
    if (row) state.values[column.slot] = table.value(*row, column.column);
  }
}

// What the request is made of, anew. False: it failed, and the flow has been dealt with.
bool Worker::prepare_step(std::uint32_t index, std::int64_t at) {
  FlowSlot& slot = flows_[index];
  auto failure = prepare_values(step_of(slot), slot);
  if (!failure) return true;
  end_request(index, Outcome::failed, at, *failure);
  advance_flow(index, Outcome::failed, at, true);
  return false;
}

std::optional<std::string> Worker::prepare_values(const CompiledStep& step, FlowSlot& slot) {
  if (!step.step->before.empty()) {
    if (!lua_ || step.before == CompiledStep::kNoFunction) return "lua: no function " + step.step->before;
    if (!lua_->step(step.before, step.step->name, nullptr, lua_flow(slot))) return lua_->problem();
  }
  return evaluate(step.calls, slot);
}

std::optional<std::string> Worker::evaluate(const CompiledCalls& calls, FlowSlot& slot) {
  if (calls.empty()) return std::nullopt;
  FlowState& state = *slot.state;
  const schedule::CallContext context{.random = state.draws, .epoch_ns = wall_ns()};
  for (const CompiledCall& call : calls) {
    std::vector<std::string> arguments(call.arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i)
      render(call.arguments[i], state.values, RenderFor::body, arguments[i]);
    if (call.call->function != schedule::Call::Function::lua) {
      state.values[call.slot] = schedule::call_function(*call.call, arguments, context);
      continue;
    }
    const auto function = lua_ ? lua_->function(call.call->name) : std::nullopt;
    if (!function) return "lua: no function " + call.call->name;
    auto value = lua_->value(*function, arguments, lua_flow(slot));
    if (!value) return lua_->problem();
    state.values[call.slot] = std::move(*value);
  }
  return std::nullopt;
}

std::int64_t Worker::think_after(FlowSlot& slot) {
  const schedule::ThinkTime& think = step_of(slot).step->think;
  if (think.kind == schedule::ThinkTime::Kind::none) return 0;
  if (think.kind == schedule::ThinkTime::Kind::constant) return think.low.count();
  return schedule::sample(think, slot.state->draws).count();  // a flow that draws has a state
}

// Goes on in the flow's program; with `send`, slot.step is the step to make.
FlowWalk::Result Worker::next_step(FlowSlot& slot, std::int64_t ended, std::int64_t think) {
  const CompiledFlow& flow = plan_.flows[slot.flow];
  const schedule::RenderText text = [&](const schedule::Template& asked) {
    const auto compiled = flow.conditions.find(&asked);
    if (compiled == flow.conditions.end()) return std::string();
    if (auto failure = evaluate(compiled->second.calls, slot)) note_error(*failure);
    std::string out;
    render(compiled->second.pieces, slot.state->values, RenderFor::body, out);
    return out;
  };
  const FlowWalk walk{.program = flow.program,
                      .blocks = flow.flow->blocks,
                      .holds = [&text](const schedule::Condition& asked) { return schedule::holds(asked, text); },
                      .group_done =
                          [this](std::uint32_t group, std::int64_t nanos) {
                            interval_->groups.try_emplace(group, 3).first->second.record(nanos / 1000);
                          }};
  const auto result = walk.advance(slot.state->position, ended, think, slot.step);
  if (result == FlowWalk::Result::send) ++interval_->planned_requests;
  if (result == FlowWalk::Result::stuck) note_error("flow repeats without a request");
  return result;
}

// Checks, then captures: nullopt when the step's own conditions hold.
std::optional<std::string> Worker::accept(FlowSlot& slot, const Answer& answer, std::int64_t at) {
  const CompiledStep& step = step_of(slot);
  if (auto failure = failed_check(*step.step, answer, Nanos(at - slot.planned))) return failure;
  if (step.capture_slots.empty()) return std::nullopt;
  if (auto failure = take_captures(*step.step, answer, &slot.state->cookies, taken_)) return failure;
  for (std::size_t i = 0; i < taken_.size(); ++i) slot.state->values[step.capture_slots[i]].swap(taken_[i]);
  return std::nullopt;
}

Worker::Settled Worker::settle_fully(std::uint32_t index, const Answer& received, std::int64_t at) {
  FlowSlot& slot = flows_[index];
  const CompiledStep& step = step_of(slot);
  Answer answer = received;
  std::optional<std::string> failure;
  std::string_view coding;
  if (step.decodes && find_header(answer.header_lines, "content-encoding", coding)) {
    const std::string_view problem = decode_content(coding, answer.body, decoded_);
    if (problem.empty())
      answer.body = decoded_;
    else
      failure = std::string(problem);
  }
  bool follow = false;
  if (!failure && step.redirects > 0 && is_redirect(answer.status)) failure = redirect(slot, answer, follow);
  if (follow) return Settled::redirected;
  if (!failure) failure = accept(slot, answer, at);
  if (!failure && !step.step->after.empty()) {
    if (!lua_ || step.after == CompiledStep::kNoFunction)
      failure = "lua: no function " + step.step->after;
    else if (!lua_->step(step.after, step.step->name, &answer, lua_flow(slot)))
      failure = lua_->problem();
  }
  const Outcome outcome = failure ? Outcome::failed : Outcome::ok;
  if (failure) ++interval_->series[step.series].checks_failed;
  end_request(index, outcome, at, failure ? std::string_view(*failure) : std::string_view(), &answer);
  take_cookies(slot, answer);
  return failure ? Settled::failed : Settled::ok;
}

// Where the answer leads, into the slot's hop. A failure: it must not be followed.
std::optional<std::string> Worker::redirect(FlowSlot& slot, const Answer& answer, bool& follow) {
  const CompiledStep& step = step_of(slot);
  std::string_view location;
  if (!find_header(answer.header_lines, "location", location)) return std::nullopt;  // an answer like any other
  const std::uint32_t followed = slot.state && slot.state->hop ? slot.state->hop->count : 0;
  if (followed >= step.redirects) return "too many redirects";
  const Origin& from = plan_.origins[slot.origin];
  state_of(slot);
  const std::string request = exchange_of(slot, nullptr, 0).request;  // whatever its form, it begins like HTTP/1.1
  const WebLocation base{from.scheme, from.host, from.port, std::string(target_of(request))};
  const auto to = resolve_location(base, location);
  if (!to) return "redirect malformed";
  // Only to where the target guard has let this run go; names are not looked up while it lasts.
  const auto leads_there = [&](const Origin& origin) {
    return origin.protocol == schedule::Protocol::http && origin.scheme == to->scheme && origin.port == to->port &&
           origin.host == to->host;
  };
  auto known = leads_there(from) ? plan_.origins.begin() + slot.origin
                                 : std::find_if(plan_.origins.begin(), plan_.origins.end(), leads_there);
  if (known == plan_.origins.end()) return "redirect to another host";
  if (options_.on_exchange) observe(slot, Outcome::ok, "redirect", &answer, now());
  take_cookies(slot, answer);
  const std::string method = slot.state->hop ? slot.state->hop->method : step.step->method;
  const bool sent_body = slot.state->hop ? slot.state->hop->sends_body : true;
  auto hop = std::make_unique<Hop>();
  hop->count = followed + 1;
  hop->origin = static_cast<std::uint32_t>(known - plan_.origins.begin());
  hop->method = redirected_method(answer.status, method);
  hop->target = to->path;
  hop->sends_body = sent_body && hop->method == method;
  hop->left_origin = hop->origin != step.origin;
  slot.state->hop = std::move(hop);
  follow = true;
  return std::nullopt;
}

// The request of a hop, after the answer's connection is free again.
void Worker::resend(std::uint32_t index) {
  FlowSlot& slot = flows_[index];
  slot.connection = kNone;
  slot.retried = false;
  if (stopping_) {
    slot.phase = FlowSlot::Phase::parked;
    ++parked_;
    return;
  }
  slot.origin = slot.state->hop->origin;
  slot.phase = FlowSlot::Phase::waiting;
  // In front: it has been under way for longer than those that wait to begin.
  pools_[slot.origin].waiting.push_front(index);
  ++waiting_;
  pump(slot.origin);
}

void Worker::take_cookies(FlowSlot& slot, const Answer& answer) {
  if (!plan_.flows[slot.flow].keeps_cookies) return;
  std::string_view any;
  if (!find_header(answer.header_lines, "set-cookie", any)) return;
  state_of(slot);
  const Origin& from = plan_.origins[slot.origin];
  const std::string request = exchange_of(slot, nullptr, 0).request;
  slot.state->cookies.store_all(answer.header_lines,
                                {.host = from.host, .path = target_of(request), .secure = from.scheme == "https"},
                                wall_ns() / 1'000'000'000);
}

template <class Request>
void Worker::dress(FlowSlot& slot, Request& request, std::string_view target) {
  const CompiledStep& step = step_of(slot);
  FlowState& state = *slot.state;
  const Origin& to = plan_.origins[slot.origin];
  if (state.hop) {
    redirect_request(request, *state.hop, to.authority);
    target = state.hop->target;
  }
  if (!step.sends_cookies) return;
  text_.clear();
  state.cookies.append_to(text_, {.host = to.host, .path = target, .secure = to.scheme == "https"},
                          wall_ns() / 1'000'000'000);
  add_cookies(request, text_);
}
template void Worker::dress(FlowSlot&, std::string&, std::string_view);
template void Worker::dress(FlowSlot&, Rendered&, std::string_view);

}  // namespace tidemark::drive
