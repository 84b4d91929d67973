// The order service: who buys, is it in stock, pay, write it down, tell the others. When a later step fails, the stock
// taken by an earlier one is given back.
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/events_client.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/peak_shaving.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds kCompensation{1};  // giving back does not end with the buyer's patience

struct Wish {
  std::uint64_t user = 0, item = 0, quantity = 0;
};

Wish parse_wish(const std::string& text) {
  const json body = json::parse(text, nullptr, false);
  Wish wish;
  if (!body.is_object()) return wish;
  auto number = [&body](const char* name) -> std::uint64_t {
    const auto found = body.find(name);
    return found != body.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
  };
  return {number("user"), number("item"), number("quantity")};
}

bool answered(const net::CallResult& result, int status) {
  return result.status == net::CallResult::Status::ok && result.response.status == status;
}

struct OrderNode {
  explicit OrderNode(NodeConfig config)
      : node(std::move(config)),
        compensations(node.counter("compensations")),
        from_queue(node.counter("orders_from_queue")) {
    const auto& options = node.config().options;
    const auto by = options.find("inventory_by");
    inventory_by_call = by == options.end() || by->second == "call";
  }

  net::Task<net::Response> create(CallContext& context, net::Request request) {
    const Wish wish = parse_wish(request.body);
    const std::string order = node.config().name() + "-" + std::to_string(++orders);
    co_return co_await carry_out(context, wish, order);
  }

  // An order out of the queue: the ticket that its buyer holds is its number, and a row under it says that it is done.
  net::Task<bool> create_queued(CallContext& context, const Event& event) {
    const auto before = co_await store_get(context, "orders", event.key);
    if (before.ok()) co_return true;
    if (before.status != StoreResult::Status::missing) co_return false;
    const net::Response response = co_await carry_out(context, parse_wish(event.payload), event.key);
    if (response.status == 201) ++*from_queue;
    co_return response.status < 500;  // what can never be bought need not be tried again
  }

  net::Task<net::Response> carry_out(CallContext& context, Wish wish, std::string order) {
    if (wish.user == 0 || wish.item == 0 || wish.quantity == 0) {
      co_return refuse(400, "bad-request", "user, item and quantity, positive numbers");
    }
    auto user = co_await context.call("user", "GET", "/users/" + std::to_string(wish.user));
    if (!answered(user, 200)) co_return relay(std::move(user), "user");

    const std::string goods = json{{"item", wish.item}, {"quantity", wish.quantity}}.dump();
    if (inventory_by_call) {
      auto reserved = co_await context.call("inventory", "POST", "/reserve", goods);
      if (!answered(reserved, 200)) co_return relay(std::move(reserved), "inventory");
    }
    net::Response response = co_await pay_and_file(context, wish, std::move(order));
    if (response.status != 201 && inventory_by_call) {
      ++*compensations;
      CallContext afterwards{context.tag, context.trace, Clock::now() + kCompensation, context.node, context.ask};
      co_await afterwards.call("inventory", "POST", "/release", goods);
    }
    co_return response;
  }

  net::Task<net::Response> pay_and_file(CallContext& context, Wish wish, std::string order) {
    auto paid = co_await context.call("payment", "POST", "/charge", json{{"order", order}, {"user", wish.user}}.dump());
    if (!answered(paid, 200)) co_return relay(std::move(paid), "payment");

    json row{{"order", order}, {"user", wish.user}, {"item", wish.item}, {"quantity", wish.quantity}};
    auto stored = co_await store_put(context, "orders", order, row);
    if (!stored.ok()) co_return relay(std::move(stored));
    const auto told = co_await publish(context, "order.created", order, std::move(row));
    if (!told.ok) co_return refuse(502, "events-failed", told.error);
    co_return net::Response::json(201, json{{"order", order}}.dump());
  }

  NodeRuntime node;
  double *compensations, *from_queue;
  bool inventory_by_call = true;
  std::uint64_t orders = 0;  // numbers of this node's orders; the store begins empty with every stack
};

}  // namespace

ExitCode run_order(NodeConfig config, int ready_fd) {
  OrderNode order(std::move(config));
  order.node.route("POST", "/orders", "create", [&order](CallContext& context, net::Request request) {
    return order.create(context, std::move(request));
  });
  std::unique_ptr<Consumer> queue;
  if (order.node.config().options.contains("orders_by")) {
    Consumer::Options options;
    options.group = "order";
    options.topics = {kOrderRequested};
    options.operation = "create";
    queue = std::make_unique<Consumer>(
        order.node, std::move(options),
        [&order](CallContext& context, const Event& event) { return order.create_queued(context, event); });
  }
  return order.node.run(ready_fd);
}

}  // namespace tidemark::shop
