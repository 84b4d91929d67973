// The inventory service: takes what was sold out of the stock. How it learns of a sale is a switch of the topology,
// never both: order calls POST /reserve, or inventory consumes order.created.
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/events_client.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::int64_t kInitialStock = 1'000'000;  // of every product, in each world

struct Sale {
  std::uint64_t item = 0;
  std::int64_t quantity = 0;
};

// item and quantity 0 when the text does not say them.
Sale parse_sale(const std::string& text) {
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("item") || !body.contains("quantity")) return {};
  if (!body["item"].is_number_unsigned() || !body["quantity"].is_number_unsigned()) return {};
  return {body["item"].get<std::uint64_t>(), body["quantity"].get<std::int64_t>()};
}

StoreAdd stock_change(std::int64_t delta) {
  return {.field = "available", .delta = delta, .minimum = 0, .initial = kInitialStock};
}

// sign -1 takes, +1 gives back.
net::Task<net::Response> change_stock(CallContext& context, std::string body, std::int64_t sign) {
  const Sale sale = parse_sale(body);
  if (sale.item == 0 || sale.quantity <= 0) co_return refuse(400, "bad-request", "item and quantity, positive numbers");
  auto result = co_await store_add(context, "inventory", std::to_string(sale.item), stock_change(sign * sale.quantity));
  if (result.status == StoreResult::Status::conflict) co_return refuse(409, "sold-out", std::to_string(sale.item));
  co_return relay(std::move(result));
}

net::Task<net::Response> reserve(CallContext& context, net::Request request) {
  return change_stock(context, std::move(request.body), -1);
}

net::Task<net::Response> release(CallContext& context, net::Request request) {
  return change_stock(context, std::move(request.body), +1);
}

// Delivery is at least once: a row of its own for each order says that its stock has been taken.
net::Task<bool> reserve_by_event(CallContext& context, const Event& event) {
  const Sale sale = parse_sale(event.payload);
  if (sale.item == 0 || sale.quantity <= 0) co_return true;  // no attempt will make it readable
  const std::string taken = "reserved/" + event.key;
  const auto before = co_await store_get(context, "inventory", taken);
  if (before.ok()) co_return true;
  if (before.status != StoreResult::Status::missing) co_return false;
  const auto result = co_await store_add(context, "inventory", std::to_string(sale.item), stock_change(-sale.quantity));
  if (!result.ok() && result.status != StoreResult::Status::conflict) co_return false;
  json note{{"item", sale.item}, {"quantity", sale.quantity}, {"taken", result.ok()}};
  const auto noted = co_await store_put(context, "inventory", taken, std::move(note));
  co_return noted.ok();
}

}  // namespace

ExitCode run_inventory(NodeConfig config, int ready_fd) {
  const auto by = config.options.find("inventory_by");
  const bool by_event = by != config.options.end() && by->second == "event";
  NodeRuntime node(std::move(config));
  std::unique_ptr<Consumer> consumer;
  if (by_event) {
    Consumer::Options options;
    options.group = "inventory";
    options.topics = {"order.created"};
    options.operation = "reserve";
    consumer = std::make_unique<Consumer>(node, std::move(options), reserve_by_event);
  } else {
    node.route("POST", "/reserve", "reserve", reserve);
    node.route("POST", "/release", "release", release);
  }
  return node.run(ready_fd);
}

}  // namespace tidemark::shop
