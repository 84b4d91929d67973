// The product service: the catalogue, from the cache and behind it the store. The catalogue is reference data: shadow
// traffic reads the live rows, and what it caches stays in the shadow half of the cache.
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/cache_client.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::seconds kCached{60};

struct ProductNode {
  explicit ProductNode(NodeConfig config)
      : node(std::move(config)),
        cache(node),
        hits(node.counter("cache_hits")),
        misses(node.counter("cache_misses")),
        failures(node.counter("cache_failures")) {}

  net::Task<net::Response> get(CallContext& context, net::Request request) {
    const std::string id(request.path().substr(std::string_view("/products/").size()));
    if (positive_number(id) == 0) co_return refuse(400, "bad-request", "/products/N, N a positive number");
    const std::string key = "product/" + id;
    CacheResult cached = co_await cache.get(context, key);
    if (cached.hit()) {
      ++*hits;
      co_return net::Response::json(200, std::move(cached.value));
    }
    ++*(cached.status == CacheResult::Status::miss ? misses : failures);
    StoreResult stored = co_await store_get(context, "products", id);
    if (stored.ok() && cached.status == CacheResult::Status::miss) {
      auto fields = nlohmann::json::parse(stored.payload, nullptr, false);
      if (fields.is_object()) co_await cache.set(context, key, std::move(fields), kCached);
    }
    co_return relay(std::move(stored));
  }

  NodeRuntime node;
  CacheClient cache;
  double *hits, *misses, *failures;
};

}  // namespace

ExitCode run_product(NodeConfig config, int ready_fd) {
  ProductNode product(std::move(config));
  product.node.route("GET", "/products/*", "get", [&product](CallContext& context, net::Request request) {
    return product.get(context, std::move(request));
  });
  return product.node.run(ready_fd);
}

}  // namespace tidemark::shop
