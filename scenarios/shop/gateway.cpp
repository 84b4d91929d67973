// The gateway: the edge of the stack. Stamps the shadow tag (NodeRuntime does), admits no more than limits.json and its
// guard allow, and hands on to product and order.
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "engine/guard/token_bucket.h"
#include "scenarios/shop/answers.h"
#include "scenarios/shop/browse_copies.h"
#include "scenarios/shop/call_guards.h"
#include "scenarios/shop/degrade_watch.h"
#include "scenarios/shop/edge_guard.h"
#include "scenarios/shop/limits.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/peak_shaving.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::seconds kWatchLimits{1};
// One in so many asks product all the same: a breaker that nobody probes would stay open, and its step with it.
constexpr std::uint64_t kProbeEvery = 16;

// The token bucket of limits.json, reread when the file changes. A file that cannot be understood leaves the last limit
// in force.
struct PlannedLimit {
  NodeRuntime& node;
  std::filesystem::path file;
  std::optional<std::filesystem::file_time_type> read_at;
  std::optional<guard::TokenBucket> bucket;

  void reread() {
    std::error_code missing;
    const auto changed = std::filesystem::last_write_time(file, missing);
    if (missing || changed == read_at) return;
    read_at = changed;
    const auto limit = read_limit(file, "gateway");
    if (!limit) {
      node.log("error", "", "limits not understood", {{"what", limit.error().message()}});
    } else if (!*limit) {
      bucket.reset();
    } else if (bucket) {
      bucket->configure(Clock::now(), (*limit)->rate, (*limit)->burst);
    } else {
      bucket.emplace((*limit)->rate, (*limit)->burst);
    }
    *node.counter("limit_rate_now") = bucket ? bucket->rate().per_second() : 0;
  }

  net::Task<void> watch() {
    net::Timer timer(node.io().get_executor());
    while (true) {
      reread();
      timer.expires_after(kWatchLimits);
      const auto [error] = co_await timer.async_wait(net::as_values);
      if (error) co_return;
    }
  }

  std::optional<net::Response> decide(Instant now) {
    if (!bucket || bucket->allow(now)) return std::nullopt;
    net::Response response = refuse(429, "rate-limited", "more than limits.json allows");
    response.headers.set("retry-after", std::to_string(std::lround(std::ceil(1 / bucket->rate().per_second()))));
    return response;
  }
};

struct GatewayNode {
  explicit GatewayNode(NodeConfig config)
      : node(std::move(config)), planned{node, {}, {}, {}}, edge(node), shaving(node), degrade(node) {
    const auto limits = node.config().options.find("limits");
    if (limits != node.config().options.end()) {
      planned.file = limits->second;
      planned.reread();
      node.background([this] { return planned.watch(); });
    }
    node.admission([this](const net::Request& request, Instant now) {
      auto turned_away = edge.decide(request, now);
      return turned_away ? turned_away : planned.decide(now);
    });
    node.on_guard([this](const GuardConfig& guard) {
      edge.configure(guard);
      shaving.configure(guard.shared.buffer);
      degrade.configure(guard.shared.degrade);
    });
    node.before_watermark([this] { shaving.show(); });
    node.route("GET", "/browse", "browse",
               [this](CallContext& context, net::Request request) { return browse(context, std::move(request)); });
    node.route("POST", "/buy", "buy",
               [this](CallContext& context, net::Request request) { return shaving.buy(context, std::move(request)); });
  }

  net::Task<net::Response> browse(CallContext& context, net::Request request) {
    const std::string item = request.query("item");
    if (positive_number(item) == 0) co_return refuse(400, "bad-request", "/browse?item=N, N a positive number");
    const Degraded instead = degrade.declared() ? degraded(context, item) : Degraded{};
    const bool probe = instead.feature != nullptr && ++spared % kProbeEvery == 0;
    if (instead.feature != nullptr && !probe) co_return marked(instead);
    net::Response page = relay(co_await context.call("product", "GET", "/products/" + item), "product");
    if (probe && page.status != 200) co_return marked(instead);
    if (degrade.declared() && page.status == 200) copies.keep(context.tag, item, page.body, Clock::now());
    co_return page;
  }

  // What a step of the degrade plan answers in the product service's stead.
  struct Degraded {
    const char* feature = nullptr;  // null: nothing
    std::string page;               // empty: refused
  };
  Degraded degraded(const CallContext& context, const std::string& item) {
    if (degrade.off("browse-off")) return {"browse-off", {}};
    const bool plain = degrade.off("browse-plain");
    if (!plain && !degrade.off("browse-cached")) return {};
    if (auto copy = copies.find(context.tag, item, Clock::now())) return {"browse-cached", std::move(*copy)};
    if (!plain) return {};
    return {"browse-plain", "{\"item\":" + item + ",\"degraded\":true}"};
  }
  net::Response marked(const Degraded& instead) {
    ++*node.counter("degraded_answers");
    net::Response response = instead.page.empty() ? refuse(503, "degraded", "browsing is switched off for now")
                                                  : net::Response::json(200, instead.page);
    if (instead.page.empty()) response.headers.set(kRefusedHeader, "degraded");
    response.headers.set("x-tidemark-degraded", instead.feature);
    return response;
  }

  NodeRuntime node;
  PlannedLimit planned;
  EdgeGuard edge;
  PeakShaving shaving;
  DegradeWatch degrade;
  BrowseCopies copies;
  std::uint64_t spared = 0;  // browses that a step answers in product's stead
};

}  // namespace

ExitCode run_gateway(NodeConfig config, int ready_fd) {
  GatewayNode gateway(std::move(config));
  return gateway.node.run(ready_fd);
}

}  // namespace tidemark::shop
