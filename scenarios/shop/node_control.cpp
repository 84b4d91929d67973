// Orders to a node: faults on demand. Behind the control key.
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

}  // namespace tidemark::shop
