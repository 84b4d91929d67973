// What others read of a node, outside pool and tag: health, watermark, metrics, spans, problems.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/observe/node_metrics.h"
#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {

using nlohmann::json;

WatermarkSample NodeRuntime::Impl::watermark() {
  for (const auto& update : watermark_updates) update();
  *counters.extra("spans_dropped") = static_cast<double>(spans.dropped());
  *counters.extra("uptime_seconds") = to_seconds(Clock::now() - started);
  if (log_file) *counters.extra("log_lines_dropped") = static_cast<double>(log_file->dropped());
  return counters.watermark(config.service, name, pool.read(Clock::now()));
}

void NodeRuntime::Impl::add_admin_routes() {
  node.admin_route("GET", "/healthz", [this](net::Request) -> net::Task<net::Response> {
    json sees = json::object();
    if (discovery) sees = discovery->counts();
    co_return net::Response::json(200, json{{"status", "ok"}, {"node", name}, {"sees", std::move(sees)}}.dump());
  });
  node.admin_route("GET", "/watermark", [this](net::Request) -> net::Task<net::Response> {
    co_return net::Response::json(200, json(watermark()).dump());
  });
  node.admin_route("GET", "/metrics", [this](net::Request) -> net::Task<net::Response> {
    auto response = net::Response::text(200, observe::prometheus_text(watermark()));
    response.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
  });
  // ?seen=N acknowledges the first N problems (engine/observe/scraper.h).
  const auto put_problems = [this](const net::Request& request, json& answer) {
    const std::string seen = request.query("seen");
    std::optional<std::uint64_t> number;
    if (!seen.empty()) number = std::strtoull(seen.c_str(), nullptr, 10);
    const auto problems = counters.problems(number);
    answer["problems"] = problems.texts;
    answer["problems_from"] = problems.from;
  };
  node.admin_route("GET", "/problems", [put_problems](net::Request request) -> net::Task<net::Response> {
    json answer = json::object();
    put_problems(request, answer);
    co_return net::Response::json(200, answer.dump());
  });
  node.admin_route("GET", "/scrape", [this, put_problems](net::Request request) -> net::Task<net::Response> {
    json answer{{"watermark", watermark()}, {"spans", spans.drain()}};
    answer["spans_dropped"] = spans.dropped();
    put_problems(request, answer);
    co_return net::Response::json(200, answer.dump());
  });
}

}  // namespace tidemark::shop
