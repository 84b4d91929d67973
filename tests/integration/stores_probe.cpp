// The probe node of stores_fixture.h: what a service does with the stores' clients, as routes.
#include <utility>

#include "scenarios/shop/cache_client.h"
#include "scenarios/shop/events_client.h"
#include "scenarios/shop/store_client.h"
#include "tests/integration/stores_fixture.h"

namespace tidemark::shop {

using nlohmann::json;

namespace {

net::Response reply(const json& body) {
  return net::Response::json(200, body.dump());
}

net::Response store_reply(const StoreResult& result) {
  return reply({{"status", static_cast<int>(result.status)}, {"payload", result.payload}, {"error", result.error}});
}

net::Response cache_reply(const CacheResult& result) {
  return reply({{"status", static_cast<int>(result.status)}, {"value", result.value}, {"error", result.error}});
}

std::string text(const json& body, const char* name) {
  return body.value(name, std::string());
}

net::Task<net::Response> store_route(CallContext& context, net::Request request) {
  const json body = json::parse(request.body);
  const std::string table = text(body, "table"), key = text(body, "key");
  if (request.path() == "/put") co_return store_reply(co_await store_put(context, table, key, body.at("fields")));
  if (request.path() == "/get") co_return store_reply(co_await store_get(context, table, key));
  if (request.path() == "/add") {
    const StoreAdd add{text(body, "field"), body.value("delta", 0), body.value("minimum", 0), body.value("initial", 0)};
    co_return store_reply(co_await store_add(context, table, key, add));
  }
  const StorePage page = co_await store_scan_page(context, table, text(body, "after"), body.value("limit", 10U));
  co_return reply({{"status", static_cast<int>(page.status)},
                   {"rows", page.rows.size()},
                   {"next", page.next},
                   {"error", page.error}});
}

net::Task<net::Response> publish_route(CallContext& context, net::Request request) {
  const json body = json::parse(request.body);
  const PublishResult result = co_await publish(context, text(body, "topic"), text(body, "key"), body.at("fields"));
  co_return reply(
      {{"ok", result.ok}, {"partition", result.partition}, {"offset", result.offset}, {"error", result.error}});
}

class Probe {
 public:
  explicit Probe(NodeRuntime& node) : node_(node), cache_(node, cache_options(node.config())) {
    for (const char* path : {"/put", "/get", "/add", "/scan"}) node.route("POST", path, "store", store_route);
    node.route("POST", "/publish", "publish", publish_route);
    for (const char* path : {"/cache-get", "/cache-set", "/cache-del"}) {
      node.route("POST", path, "cache",
                 [this](CallContext& context, net::Request request) { return cached(context, std::move(request)); });
    }
    node.admin_route("POST", "/knows", [this](net::Request request) -> net::Task<net::Response> {
      bool all = true;
      for (const json& service : json::parse(request.body))
        all = all && !node_.endpoints(service.get<std::string>()).empty();
      co_return reply(all);
    });
    node.admin_route("GET", "/handled",
                     [this](net::Request) -> net::Task<net::Response> { co_return reply(handled_); });
    const auto& options = node.config().options;
    if (!options.contains("consume")) return;
    Consumer::Options chosen;
    chosen.group = "probe";
    chosen.topics = {options.at("consume")};
    chosen.operation = "consume";
    consumer_ = std::make_unique<Consumer>(node, std::move(chosen),
                                           [this](CallContext& context, const Event& event) -> net::Task<bool> {
                                             const json payload = json::parse(event.payload);
                                             // "fail": so many attempts must be refused first.
                                             if (attempts_[event.key]++ < payload.value("fail", 0)) co_return false;
                                             handled_.push_back({{"topic", event.topic},
                                                                 {"key", event.key},
                                                                 {"offset", event.offset},
                                                                 {"partition", event.partition},
                                                                 {"producer", event.producer},
                                                                 {"run", context.tag.run},
                                                                 {"payload", payload}});
                                             co_return true;
                                           });
  }

 private:
  static CacheClient::Options cache_options(const NodeConfig& config) {
    CacheClient::Options options;
    options.timeout = std::chrono::seconds(10);
    if (const auto port = config.options.find("redis"); port != config.options.end()) {
      options.redis = net::Endpoint{"127.0.0.1", static_cast<std::uint16_t>(std::stoi(port->second))};
    }
    return options;
  }

  net::Task<net::Response> cached(CallContext& context, net::Request request) {
    const json body = json::parse(request.body);
    const std::string key = text(body, "key");
    if (request.path() == "/cache-get") co_return cache_reply(co_await cache_.get(context, key));
    if (request.path() == "/cache-del") co_return cache_reply(co_await cache_.del(context, key));
    const std::chrono::milliseconds ttl(body.value("ttl_ms", 60'000));
    co_return cache_reply(co_await cache_.set(context, key, body.at("fields"), ttl));
  }

  NodeRuntime& node_;
  CacheClient cache_;
  json handled_ = json::array();
  std::map<std::string, int> attempts_;
  std::unique_ptr<Consumer> consumer_;
};

}  // namespace

ExitCode run_probe(NodeConfig config, int ready_fd) {
  NodeRuntime node(std::move(config));
  const Probe probe(node);
  return node.run(ready_fd);
}

}  // namespace tidemark::shop
