// The gateway: the edge of the stack. Stamps the shadow tag (NodeRuntime does), admits no more than limits.json allows,
// and hands on to product and order.
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "engine/guard/token_bucket.h"
#include "scenarios/shop/answers.h"
#include "scenarios/shop/limits.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::seconds kWatchLimits{1};

net::Task<net::Response> browse(CallContext& context, net::Request request) {
  const std::string item = request.query("item");
  if (positive_number(item) == 0) co_return refuse(400, "bad-request", "/browse?item=N, N a positive number");
  co_return relay(co_await context.call("product", "GET", "/products/" + item), "product");
}

net::Task<net::Response> buy(CallContext& context, net::Request request) {
  co_return relay(co_await context.call("order", "POST", "/orders", std::move(request.body)), "order");
}

// The token bucket of limits.json, reread when the file changes. A file that cannot be understood leaves the last limit
// in force.
struct Admission {
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

}  // namespace

ExitCode run_gateway(NodeConfig config, int ready_fd) {
  NodeRuntime node(std::move(config));
  const auto limits = node.config().options.find("limits");
  Admission admission{node, limits == node.config().options.end() ? "" : limits->second, {}, {}};
  if (!admission.file.empty()) {
    admission.reread();
    node.admission([&admission](Instant now) { return admission.decide(now); });
    node.background([&admission] { return admission.watch(); });
  }
  node.route("GET", "/browse", "browse", browse);
  node.route("POST", "/buy", "buy", buy);
  return node.run(ready_fd);
}

}  // namespace tidemark::shop
