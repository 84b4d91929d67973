// What goes out: discovery, tag, trace, deadline, and the guards of calls (call_guards.h).
#include <algorithm>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::milliseconds kBackOff{50};  // without declared retries
constexpr std::chrono::milliseconds kWorthwhile{1};
constexpr const char* kBreakerOpen = "breaker-open";
constexpr std::uint16_t kClosedPort = 1;  // nobody listens there: connecting is refused at once
constexpr std::uint64_t kFaultEvery = 50;

net::CallResult no_node_of(const std::string& service) {
  net::CallResult result;
  result.error = "no node of " + service + " is known";
  return result;
}

net::CallResult too_late_for(const std::string& service) {
  net::CallResult late;
  late.status = net::CallResult::Status::timed_out;
  late.error = service + ": the deadline passed before the call";
  return late;
}

// A call that was not made is answered as the called service would refuse it.
net::CallResult not_made(const std::string& service, const char* by) {
  net::CallResult result;
  result.status = net::CallResult::Status::ok;
  result.response = refuse(503, by, service);
  result.response.headers.set(kRefusedHeader, by);
  return result;
}

bool again_by_nature(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

}  // namespace

struct NodeRuntime::Impl::Outgoing {
  std::string service, method, target, body, traceparent;
  bool retry = false;
};

std::string NodeRuntime::Impl::tag_for(const traffic::ShadowTag& tag, const std::string& service, bool retry) const {
  const std::string& fault = config.strip_tag_towards;
  if (!fault.empty() && (fault == service || (retry && fault == "retry:" + service))) return {};
  return tag.header_value();
}

// Under the fault "retry:SERVICE" every so many first attempts must fail, so that there are retries to strip.
bool NodeRuntime::Impl::planned_failure(const std::string& service) {
  if (!config.strip_tag_towards.starts_with("retry:") || config.strip_tag_towards.substr(6) != service) return false;
  return faulted_calls++ % kFaultEvery == 0;
}

net::Request NodeRuntime::Impl::request_of(CallContext& context, const Outgoing& call, std::int64_t budget_ms) const {
  net::Request request;
  request.method = call.method;
  request.target = call.target;
  request.body = call.body;
  const std::string tag = tag_for(context.tag, call.service, call.retry);
  if (!tag.empty()) request.headers.set(traffic::kShadowHeader, tag);
  request.headers.set(traffic::kCallerHeader, name);
  request.headers.set(kTraceHeader, call.traceparent);
  request.headers.set(kDeadlineHeader, std::to_string(budget_ms));
  if (!call.body.empty()) request.headers.set("content-type", "application/json");
  if (context.ask) {
    guard::Ask ask = *context.ask;
    ask.under_way = std::find(context.worked.begin(), context.worked.end(), call.service) != context.worked.end();
    request.headers.set(kPriorityHeader, priority_header(ask));
  }
  return request;
}

// One attempt at one node, behind the breaker. The breaker hears of it however the coroutine ends.
net::Task<net::CallResult> NodeRuntime::Impl::attempt(CallContext& context, CallGuards::Service& guards,
                                                      const Outgoing& call, net::Endpoint endpoint, bool planned) {
  const Nanos timeout = guards.settings.timeout;
  const Instant begun = Clock::now();
  const Instant deadline = timeout > Nanos{0} ? std::min(context.deadline, begun + timeout) : context.deadline;
  const auto& patience = guard_settings.shared.deadline;
  const Nanos left = guard::Deadline(deadline).to_hand_on(begun, patience.value_or(kUndeclaredDeadline));
  const auto budget = std::chrono::floor<std::chrono::milliseconds>(left);
  if (budget.count() <= 0) co_return too_late_for(call.service);
  struct Permitted {
    guard::Breaker* breaker;
    std::optional<guard::Breaker::Permit> permit;
    ~Permitted() {
      if (permit) breaker->abandoned(Clock::now(), *permit);
    }
  } permitted{guards.breaker_to(endpoint), {}};
  if (permitted.breaker != nullptr && !(permitted.permit = permitted.breaker->allow(begun))) {
    ++*counters.extra("refused_by_breaker");
    co_return not_made(call.service, kBreakerOpen);
  }
  if (planned) endpoint.port = kClosedPort;
  net::CallResult result = co_await client.call(endpoint, request_of(context, call, budget.count()), deadline);
  const CallVerdict verdict = verdict_of(result);
  if (permitted.permit && verdict != CallVerdict::refused) {
    const auto permit = *std::exchange(permitted.permit, std::nullopt);
    const Instant now = Clock::now();
    permitted.breaker->finished(now, permit, {.latency = now - begun, .failed = verdict == CallVerdict::failed});
  }
  if (result.status == net::CallResult::Status::failed && !planned) discovery->unreachable(endpoint);
  co_return result;
}

// How long to wait before the next attempt; nullopt: that was the last one.
std::optional<Nanos> NodeRuntime::Impl::again(const CallContext& context, CallGuards::Service& guards,
                                              const Outgoing& call, const net::CallResult& result,
                                              std::uint32_t attempts) {
  const Instant now = Clock::now();
  const bool broken = result.status == net::CallResult::Status::failed;
  const std::string* refused = result.response.headers.find(kRefusedHeader);
  const bool full = result.status == net::CallResult::Status::ok && result.response.status == 503 &&
                    (refused == nullptr || *refused == "queue-full");
  if (!guards.retry) {
    if (call.method != "GET" || attempts > 1 || !(broken || full) || now + kBackOff >= context.deadline) return {};
    return kBackOff;
  }
  const CallVerdict verdict = verdict_of(result);
  if (verdict == CallVerdict::good) guards.retry->succeeded();
  if (verdict != CallVerdict::failed) return {};  // who protects itself must not be asked at once again
  const auto decision =
      guards.retry->failed(now, attempts, again_by_nature(call.method), context.deadline - now, kWorthwhile);
  if (decision.verdict == guard::Retry::Verdict::over_budget) ++*counters.extra("retries_over_budget");
  if (decision.verdict != guard::Retry::Verdict::again) return {};
  return decision.wait;
}

net::Task<net::CallResult> NodeRuntime::Impl::call(CallContext& context, std::string service, std::string method,
                                                   std::string target, std::string body) {
  const auto guards = call_guards.towards(service);  // shared: stays when the settings change meanwhile
  const guard::Priority priority = context.ask ? context.ask->priority : guard::Priority::normal;
  if (!guards->enter(priority)) {
    ++*counters.extra("refused_by_bulkhead");
    co_return not_made(service, "bulkhead-full");
  }
  struct Inside {
    CallGuards::Service& guards;
    guard::Priority priority;
    ~Inside() { guards.leave(priority); }
  } const inside{*guards, priority};
  if (guards->retry) guards->retry->requested(Clock::now());
  Outgoing call{service, std::move(method), std::move(target), std::move(body), context.trace.traceparent()};
  std::optional<net::Endpoint> failed;
  for (std::uint32_t attempts = 1;; ++attempts) {
    const auto endpoint = discovery ? discovery->choose(service, failed) : std::nullopt;
    if (!endpoint) co_return no_node_of(service);
    const bool planned = call.method == "GET" && !call.retry && planned_failure(service);
    net::CallResult result = co_await attempt(context, *guards, call, *endpoint, planned);
    const auto wait = again(context, *guards, call, result, attempts);
    if (!wait) {
      if (context.ask && verdict_of(result) == CallVerdict::good) context.worked.push_back(service);
      co_return result;
    }
    ++*counters.extra("retries");
    call.retry = true;
    failed = *endpoint;
    net::Timer timer(io.get_executor(), Clock::now() + *wait);
    co_await timer.async_wait(net::as_values);
  }
}

net::Task<net::CallResult> CallContext::call(std::string service, std::string method, std::string target,
                                             std::string body) {
  return node.impl_->call(*this, std::move(service), std::move(method), std::move(target), std::move(body));
}

std::string CallContext::tag_towards(const std::string& service) const {
  return node.impl_->tag_for(tag, service, false);
}

}  // namespace tidemark::shop
