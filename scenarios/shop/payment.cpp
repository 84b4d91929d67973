// The payment service. The bank is a third party: a charge under a shadow tag goes to a stub and is only counted, and
// the row says which of the two it was.
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

struct PaymentNode {
  explicit PaymentNode(NodeConfig config)
      : node(std::move(config)),
        bank_charges(node.counter("bank_charges")),
        stub_charges(node.counter("bank_stub_charges")) {}

  net::Task<net::Response> charge(CallContext& context, net::Request request) {
    const json body = json::parse(request.body, nullptr, false);
    if (!body.is_object() || !body.contains("order") || !body["order"].is_string() || !body.contains("user")) {
      co_return refuse(400, "bad-request", "order and user are needed");
    }
    const std::string order = body["order"];
    ++*(context.tag.live() ? bank_charges : stub_charges);
    json row{{"order", order}, {"user", body["user"]}, {"bank", context.tag.live() ? "bundled" : "stub"}};
    auto stored = co_await store_put(context, "payments", order, std::move(row));
    if (!stored.ok()) co_return relay(std::move(stored));
    co_return net::Response::json(200, json{{"order", order}, {"charged", true}}.dump());
  }

  NodeRuntime node;
  double *bank_charges, *stub_charges;
};

}  // namespace

ExitCode run_payment(NodeConfig config, int ready_fd) {
  PaymentNode payment(std::move(config));
  payment.node.route("POST", "/charge", "charge", [&payment](CallContext& context, net::Request request) {
    return payment.charge(context, std::move(request));
  });
  return payment.node.run(ready_fd);
}

}  // namespace tidemark::shop
