// What comes in: tag gate, admission, pool, service time, handler, counters, span.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

std::string_view header_of(const net::Request& request, std::string_view name) {
  const std::string* value = request.headers.find(name);
  return value ? std::string_view(*value) : std::string_view();
}

// The remaining budget a caller sent; anything unreadable counts as absent, anything longer as the longest there is.
Instant deadline_of(const net::Request& request, Instant now, const guard::DeadlineSettings& settings) {
  const std::string_view text = header_of(request, kDeadlineHeader);
  std::int64_t written = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), written);
  const bool said = !text.empty() && error == std::errc{} && stop == text.data() + text.size();
  written = std::clamp<std::int64_t>(written, 0, kLongestBudget.count());
  const Nanos left = said ? Nanos(std::chrono::milliseconds(written)) : Nanos{-1};
  return guard::Deadline::from_call(now, left, settings).at();
}

net::Response refusal_of(int status, const char* error, const std::string& node) {
  return net::Response::json(status, json{{"error", error}, {"node", node}}.dump());
}

// The node protects itself: nothing was done, and a caller's breaker learns nothing from it.
net::Response guarded(const char* by, const std::string& node) {
  net::Response response = refusal_of(503, by, node);
  response.headers.set(kRefusedHeader, by);
  return response;
}

std::int64_t wall_micros_at(Instant instant) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch() - (Clock::now() - instant);
  return std::chrono::duration_cast<std::chrono::microseconds>(wall).count();
}

std::int64_t micros(Nanos duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

bool NodeRuntime::Impl::consumes() const {
  return config.service == "notification" || config.service == "inventory";
}

OperationEntry NodeRuntime::Impl::operation_entry(const std::string& operation) {
  OperationCounter& counter = counters.operation(operation);
  counter.usual = usual_time();
  return {operation, times.find(operation), &counter};
}

guard::TimeQuantile NodeRuntime::Impl::usual_time() const {
  const auto& deadline = guard_settings.shared.deadline;
  return guard::TimeQuantile(deadline ? deadline->quantile : 0);
}

const Route* NodeRuntime::Impl::match(const net::Request& request, bool* path_known) const {
  const std::string_view path = request.path();
  for (const auto& route : routes) {
    if (route->prefix ? !path.starts_with(route->path) : path != route->path) continue;
    if (request.method == route->method) return route.get();
    *path_known = true;
  }
  return nullptr;
}

net::Task<net::Response> NodeRuntime::Impl::serve(net::Request request) {
  bool path_known = false;
  const Route* route = match(request, &path_known);
  if (!route) co_return refusal_of(path_known ? 405 : 404, path_known ? "method-not-allowed" : "not-found", name);
  if (route->admin) co_return co_await route->admin(std::move(request));
  co_return co_await serve_route(route, std::move(request));
}

TraceContext NodeRuntime::Impl::begin_trace(std::string_view traceparent, std::uint64_t* parent_span) {
  TraceContext trace;
  if (const auto incoming = TraceContext::parse(traceparent)) {
    trace = *incoming;
    *parent_span = incoming->span;
  } else {
    trace.trace_high = trace_ids.next();
    trace.trace_low = trace_ids.next();
  }
  do {
    trace.span = trace_ids.next();
  } while (!trace.valid());
  return trace;
}

std::optional<traffic::ShadowTag> NodeRuntime::Impl::admit_tag(std::string_view header, const std::string& caller,
                                                               const TraceContext& trace, net::Response* refusal) {
  auto decision = gate.decide(header);
  if (decision.verdict == TagGate::Verdict::decided) return std::move(decision.tag);
  ++*counters.extra("tag_refused");
  const char* reason = text_of(decision.verdict);
  if (gate.edge()) {  // somebody outside: refused and counted, but no hop of this stack is to blame
    log_rarely(trace, "tag-forged", reason);
    *refusal = net::Response::json(403, json{{"error", "tag-forged"}, {"reason", reason}, {"node", name}}.dump());
    return std::nullopt;
  }
  const std::string who = caller.empty() ? "unknown" : caller;
  if (counters.problem("tag-undecided at " + name + ", called by " + who)) {
    log("error", trace.trace_id(), "tag-undecided", {{"caller", who}, {"reason", reason}});
  }
  const json body{{"error", "tag-undecided"}, {"reason", reason}, {"caller", who}, {"node", name}};
  *refusal = net::Response::json(403, body.dump());
  return std::nullopt;
}

void NodeRuntime::Impl::count_arrival(const Job& job) {
  static const std::string kLive = "live";
  ++counters.arrived;
  counters.count_flow(job.tag.live() ? kLive : job.tag.flow);
}

net::Task<PoolGate::Outcome> NodeRuntime::Impl::begin(Job& job) {
  auto entry = co_await pool.enter(job.deadline);
  const bool expired = entry.outcome == PoolGate::Outcome::expired;
  if (entry.outcome == PoolGate::Outcome::granted) {
    job.granted = Clock::now();
    job.pool = std::move(entry.pool);
    EntranceGuards::started(job.pass, job.granted, entry.waited);
  } else {
    EntranceGuards::abandoned(job.pass, Clock::now());
    if (expired) ++counters.failed;
    log_rarely(job.trace, expired ? "deadline-exceeded" : "queue-full", job.operation->name);
  }
  co_return entry.outcome;
}

void NodeRuntime::Impl::log_rarely(const TraceContext& trace, const char* what, const std::string& detail) {
  ++rare_events;
  const Instant now = Clock::now();
  if (now - last_rare_log < std::chrono::seconds(1)) return;
  log("warning", trace.trace_id(), what, {{"detail", detail}, {"count", std::to_string(rare_events)}});
  last_rare_log = now;
  rare_events = 0;
}

void NodeRuntime::Impl::finish(const Job& job) {
  pool.leave(*job.pool);
  const Instant now = Clock::now();
  const bool dropped = job.status == 0 || job.status == 503 || job.status == 504;
  EntranceGuards::finished(job.pass, now, dropped);
  if (guard_settings.shared.deadline && !dropped) job.operation->counter->usual.add(now - job.granted);
  job.operation->counter->busy_seconds += to_seconds(now - job.granted);
  ++job.operation->counter->completed;
  ++(job.status > 0 && job.status < 500 ? counters.completed : counters.failed);
  if (!spans.wants(job.trace)) return;
  Span span;
  span.trace_id = job.trace.trace_id();
  span.id = job.trace.span_id();
  if (job.parent_span != 0) span.parent_id = hex16(job.parent_span);
  span.name = job.operation->name;
  span.kind = job.kind;
  span.service = config.service;
  span.node = name;
  span.timestamp_us = wall_micros_at(job.arrived);
  span.duration_us = micros(now - job.arrived);
  span.tags = {{"flow", job.tag.live() ? "live" : job.tag.flow},
               {"wait_us", std::to_string(micros(job.granted - job.arrived))},
               {"status", std::to_string(job.status)}};
  if (!job.tag.live()) span.tags["run"] = job.tag.run;
  spans.add(std::move(span));
}

net::Task<int> NodeRuntime::Impl::spend(const Job& job) {
  auto drawn = times.draw(*job.operation->time);
  if (faults.active()) drawn = faults.slowed(drawn);
  if (pool.unbounded()) {
    co_await turns.compute(drawn.compute);
  } else {
    compute_for(drawn.compute);
  }
  if (drawn.wait > Nanos{0}) {
    net::Timer timer(io.get_executor(), Clock::now() + drawn.wait);
    co_await timer.async_wait(net::as_values);
  }
  if (!faults.active()) co_return 0;
  co_return co_await faults.meet(job.deadline);
}

net::Task<net::Response> NodeRuntime::Impl::run_handler(const Route* route, Job& job, net::Request request) {
  job.status = co_await spend(job);
  if (job.status == 500) co_return refusal_of(500, "fault-injected", name);
  if (job.status == 504) co_return refusal_of(504, "deadline-exceeded", name);
  CallContext context{job.tag, job.trace, job.deadline, node, job.ask};
  std::string failure;
  try {
    net::Response response = co_await route->handler(context, std::move(request));
    job.status = response.status;
    co_return response;
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::asio::error::operation_aborted) throw;  // the node stops
    failure = error.what();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  log("error", job.trace.trace_id(), "handler failed", {{"operation", job.operation->name}, {"what", failure}});
  job.status = 500;
  co_return refusal_of(500, "internal", name);
}

net::Task<std::optional<net::Response>> NodeRuntime::Impl::enter(Job& job, const net::Request& request) {
  if (admission) {
    if (auto turned_away = admission(request, job.arrived)) {
      ++counters.refused_before_pool;
      co_return turned_away;
    }
  }
  // Refused before anybody works for it: the answer would come when nobody waits for it any more.
  if (guard_settings.shared.deadline && job.deadline - job.arrived < job.operation->counter->usual.value()) {
    ++counters.refused_before_pool;
    ++*counters.extra("refused_by_deadline");
    co_return refusal_of(504, "deadline-too-near", name);
  }
  if (!entrance.any()) co_return std::nullopt;
  const auto decision = entrance.admit(job.arrived, job.ask, &job.pass);
  if (decision.refused_by != nullptr) {
    ++counters.refused_before_pool;
    co_return guarded(decision.refused_by, name);
  }
  if (decision.start <= job.arrived) co_return std::nullopt;
  net::Timer timer(io.get_executor(), std::min(decision.start, job.deadline));
  co_await timer.async_wait(net::as_values);
  if (Clock::now() < job.deadline) co_return std::nullopt;
  ++counters.failed;
  EntranceGuards::abandoned(job.pass, Clock::now());
  co_return refusal_of(504, "deadline-exceeded", name);
}

net::Task<net::Response> NodeRuntime::Impl::serve_route(const Route* route, net::Request request) {
  Job job{.operation = &route->operation};
  job.trace = begin_trace(header_of(request, kTraceHeader), &job.parent_span);
  net::Response refusal;
  auto tag = admit_tag(header_of(request, traffic::kShadowHeader),
                       std::string(header_of(request, traffic::kCallerHeader)), job.trace, &refusal);
  if (!tag) co_return refusal;
  job.tag = std::move(*tag);
  const auto& patience = guard_settings.shared.deadline;
  job.deadline = deadline_of(request, job.arrived, patience.value_or(kUndeclaredDeadline));
  if (gate.edge()) {  // what a stranger says of his own importance does not count
    job.ask = ask_at_edge(request, job.operation->name, job.trace);
    if (guard_settings.shadow_last && !job.tag.live()) job.ask.priority = guard::Priority::shadow;
  } else {
    job.ask = parse_priority(header_of(request, kPriorityHeader));
  }
  count_arrival(job);
  if (auto turned_away = co_await enter(job, request)) co_return std::move(*turned_away);
  const auto entry = co_await begin(job);
  if (entry == PoolGate::Outcome::refused) co_return guarded("queue-full", name);
  if (entry == PoolGate::Outcome::expired) co_return refusal_of(504, "deadline-exceeded", name);
  const End end{*this, job};
  co_return co_await run_handler(route, job, std::move(request));
}

net::Task<bool> NodeRuntime::Impl::perform(std::string operation, std::string tag_header, std::string traceparent,
                                           std::string caller, std::function<net::Task<void>(CallContext&)> work) {
  auto known = performed.find(operation);
  if (known == performed.end()) known = performed.emplace(operation, operation_entry(operation)).first;
  Job job{.operation = &known->second};
  if (consumes()) job.kind = "CONSUMER";
  job.trace = begin_trace(traceparent, &job.parent_span);
  net::Response refusal;
  auto tag = admit_tag(tag_header, caller, job.trace, &refusal);
  if (!tag) co_return false;
  job.tag = std::move(*tag);
  job.deadline = job.arrived + kDefaultBudget;
  count_arrival(job);
  if (co_await begin(job) != PoolGate::Outcome::granted) co_return false;
  const End end{*this, job};
  job.status = co_await spend(job);
  if (job.status != 0) co_return false;
  CallContext context{job.tag, job.trace, job.deadline, node, guard::Ask{priority_of_operation(job.operation->name)}};
  co_await work(context);
  job.status = 200;
  co_return true;
}

}  // namespace tidemark::shop
