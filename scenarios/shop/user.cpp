// The user service: who is buying. Users are reference data of the store, read by live and shadow traffic alike.
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {
namespace {

net::Task<net::Response> get_user(CallContext& context, net::Request request) {
  const std::string id(request.path().substr(std::string_view("/users/").size()));
  if (positive_number(id) == 0) co_return refuse(400, "bad-request", "/users/N, N a positive number");
  co_return relay(co_await store_get(context, "users", id));
}

}  // namespace

ExitCode run_user(NodeConfig config, int ready_fd) {
  NodeRuntime node(std::move(config));
  node.route("GET", "/users/*", "get", get_user);
  return node.run(ready_fd);
}

}  // namespace tidemark::shop
