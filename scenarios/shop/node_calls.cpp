// What goes out: discovery, tag, trace, deadline, one retry.
#include <utility>

#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::milliseconds kBackOff{50};
constexpr std::uint16_t kClosedPort = 1;  // nobody listens there: connecting is refused at once
constexpr std::uint64_t kFaultEvery = 50;

net::CallResult no_node_of(const std::string& service) {
  net::CallResult result;
  result.error = "no node of " + service + " is known";
  return result;
}

}  // namespace

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

net::Task<net::CallResult> NodeRuntime::Impl::call(CallContext& context, std::string service, std::string method,
                                                   std::string target, std::string body) {
  const bool idempotent = method == "GET";
  const std::string traceparent = context.trace.traceparent();
  std::optional<net::Endpoint> failed;
  for (bool retry = false;; retry = true) {
    auto endpoint = discovery ? discovery->choose(service, failed) : std::nullopt;
    if (!endpoint) co_return no_node_of(service);
    const bool planned = idempotent && !retry && planned_failure(service);
    if (planned) endpoint->port = kClosedPort;
    const auto budget = std::chrono::floor<std::chrono::milliseconds>(context.deadline - Clock::now());
    if (budget.count() <= 0) {
      net::CallResult late;
      late.status = net::CallResult::Status::timed_out;
      late.error = service + ": the deadline passed before the call";
      co_return late;
    }
    net::Request request;
    request.method = method;
    request.target = target;
    const std::string tag = tag_for(context.tag, service, retry);
    if (!tag.empty()) request.headers.set(traffic::kShadowHeader, tag);
    request.headers.set(traffic::kCallerHeader, name);
    request.headers.set(kTraceHeader, traceparent);
    request.headers.set(kDeadlineHeader, std::to_string(budget.count()));
    if (!body.empty()) request.headers.set("content-type", "application/json");
    if (idempotent && !retry) {
      request.body = body;
    } else {
      request.body = std::move(body);
    }
    net::CallResult result = co_await client.call(*endpoint, std::move(request), context.deadline);
    const bool broken = result.status == net::CallResult::Status::failed;
    if (broken && !planned) discovery->unreachable(*endpoint);
    const bool worth_again = broken || (result.status == net::CallResult::Status::ok && result.response.status == 503);
    if (!idempotent || retry || !worth_again || Clock::now() + kBackOff >= context.deadline) co_return result;
    ++*counters.extra("retries");
    failed = *endpoint;
    net::Timer timer(io.get_executor(), Clock::now() + kBackOff);
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
