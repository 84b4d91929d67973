// Orders to a node: faults on demand, and its guards. Behind the control key.
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::chrono::milliseconds kLastWords{20};  // until the confirmation of `kill` has left

net::Response wrong_order(const Error& error) {
  return net::Response::json(400, json{{"error", "bad-order"}, {"what", error.what}, {"advice", error.advice}}.dump(
                                      -1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

void NodeRuntime::Impl::add_fault_routes() {
  if (config.service == "gate") return;  // its faults are those of its TCP gate: gate.cpp
  const auto state = [this] {
    json text{{"node", name}, {"fault", to_words(faults.fault())}};
    if (const auto left = faults.left(Clock::now()))
      text["left_ms"] = std::chrono::ceil<std::chrono::milliseconds>(*left).count();
    return net::Response::json(200, text.dump());
  };
  node.control_route("GET", "/control/fault", [state](net::Request) -> net::Task<net::Response> { co_return state(); });
  node.control_route("POST", "/control/fault", [this, state](net::Request request) -> net::Task<net::Response> {
    const auto order = parse_fault_order(request.body);
    if (!order) co_return wrong_order(order.error());
    const auto fault = parse_fault(order->words);
    if (!fault) co_return wrong_order(fault.error());
    if (fault->kill) {
      log("warning", "", "fault set", {{"fault", "kill"}});
      dying.expires_after(kLastWords);
      dying.async_wait([](const net::ErrorCode& cancelled) {
        if (!cancelled) kill(getpid(), SIGKILL);
      });
      co_return net::Response::json(200, json{{"node", name}, {"fault", "kill"}}.dump());
    }
    faults.begin(*fault, order->lasts);
    co_return state();
  });
}

Result<void> NodeRuntime::Impl::set_guard(const json& text) {
  auto parsed = parse_guard(text, name + ": guard");
  if (!parsed) return tl::make_unexpected(parsed.error());
  guard_settings = std::move(*parsed);
  guard_text = text;
  entrance.configure(guard_settings);
  pool.configure(guard_settings.shared.pool.value_or(guard::PoolSettings{}));
  for (const auto& route : routes) {
    if (route->operation.counter != nullptr) route->operation.counter->usual = usual_time();
  }
  call_guards.configure(guard_settings);
  for (const auto& apply : guard_listeners) apply(guard_settings);
  return {};
}

json NodeRuntime::Impl::guard_state() {
  watermark();  // brings the counters up to date
  json now = json::object();
  for (const auto& [key, value] : counters.extras()) {
    for (const char* prefix : {"breaker_", "limit_now", "refused_", "retries", "retry_", "bulkhead_", "inside_",
                               "shaving_", "degrade_", "edge_"}) {
      if (key.starts_with(prefix)) now[key] = value;
    }
  }
  return json{{"node", name}, {"guard", guard_text}, {"now", std::move(now)}};
}

void NodeRuntime::Impl::add_guard_routes() {
  watermark_updates.emplace_back([this] {
    entrance.show();
    call_guards.show(counters);
  });
  node.control_route("GET", "/control/guard", [this](net::Request) -> net::Task<net::Response> {
    co_return net::Response::json(200, guard_state().dump());
  });
  node.control_route("POST", "/control/guard", [this](net::Request request) -> net::Task<net::Response> {
    const json change = json::parse(request.body, nullptr, false);
    if (!change.is_object()) co_return wrong_order({ExitCode::usage, "guard", "not a JSON object", ""});
    json text = guard_text;
    merge_guard(text, change);
    if (const auto set = set_guard(text); !set) co_return wrong_order(set.error());
    log("warning", "", "guard set", {{"change", change.dump(-1, ' ', true)}});
    co_return net::Response::json(200, guard_state().dump());
  });
}

}  // namespace tidemark::shop
