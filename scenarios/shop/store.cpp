// The store node: HTTP in front of StoreTables (docs/stores.md). Rows go through the pool and the tag like any other
// request; the audit's routes are outside of both.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/store_tables.h"

namespace tidemark::shop {

namespace {

constexpr std::uint32_t kPageRows = 1000;
constexpr double kSlowQueryMs = 10;

int status_of(StoreAnswer::Kind kind) {
  switch (kind) {
    case StoreAnswer::Kind::ok:
      return 200;
    case StoreAnswer::Kind::missing:
      return 404;
    case StoreAnswer::Kind::conflict:
      return 409;
    case StoreAnswer::Kind::forbidden:
      return 403;
    case StoreAnswer::Kind::invalid:
      return 422;
    case StoreAnswer::Kind::broken:
      break;
  }
  return 500;
}

net::Response json_response(int status, const nlohmann::json& body) {
  return net::Response::json(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

net::Response refusal(int status, const std::string& reason) {
  return json_response(status, {{"error", reason}});
}

std::uint32_t limit_of(const net::Request& request) {
  const std::string text = request.query("limit");
  std::uint32_t limit = kPageRows;
  if (std::from_chars(text.data(), text.data() + text.size(), limit).ec != std::errc()) limit = kPageRows;
  return std::clamp<std::uint32_t>(limit, 1, kPageRows);
}

net::Response page_response(const StoreRowPage& page) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [key, payload] : page.rows) rows.push_back({{"key", key}, {"payload", payload}});
  return json_response(200, {{"rows", std::move(rows)}, {"next", page.next}});
}

class StoreNode {
 public:
  StoreNode(NodeRuntime& runtime, StoreTables tables)
      : runtime_(runtime), tables_(std::move(tables)), slow_queries_(runtime.counter("slow_queries")) {}

  void add_routes() {
    runtime_.route(
        "GET", "/row", "get", [this](CallContext& context, net::Request request) -> net::Task<net::Response> {
          co_return answer(context, "get", request, [&] {
            return tables_.get(context.tag, request.query("world"), request.query("table"), request.query("key"));
          });
        });
    runtime_.route("PUT", "/row", "put",
                   [this](CallContext& context, net::Request request) -> net::Task<net::Response> {
                     co_return answer(context, "put", request, [&] {
                       return tables_.put(context.tag, request.query("world"), request.query("table"),
                                          request.query("key"), request.body);
                     });
                   });
    runtime_.route("POST", "/row/add", "add",
                   [this](CallContext& context, net::Request request) -> net::Task<net::Response> {
                     co_return answer(context, "add", request, [&] { return add(context, request); });
                   });
    runtime_.route("GET", "/rows", "scan",
                   [this](CallContext& context, net::Request request) -> net::Task<net::Response> {
                     StoreRowPage page;
                     net::Response response = answer(context, "scan", request, [&] {
                       return tables_.page(context.tag, request.query("world"), request.query("table"),
                                           request.query("after"), limit_of(request), &page);
                     });
                     co_return response.status == 200 ? page_response(page) : response;
                   });
    runtime_.admin_route("GET", "/audit/tables", [this](net::Request request) -> net::Task<net::Response> {
      const auto tables = tables_.audit_tables(request.query("world"));
      co_return tables ? json_response(200, {{"tables", *tables}}) : refusal(400, tables.error().message());
    });
    runtime_.admin_route("GET", "/audit/scan", [this](net::Request request) -> net::Task<net::Response> {
      const auto page =
          tables_.audit_page(request.query("world"), request.query("table"), request.query("after"), limit_of(request));
      co_return page ? page_response(*page) : refusal(400, page.error().message());
    });
  }

 private:
  StoreAnswer add(const CallContext& context, const net::Request& request) {
    const auto body = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    StoreTables::Addition addition;
    try {
      addition = {body.at("field").get<std::string>(), body.at("delta").get<std::int64_t>(),
                  body.at("minimum").get<std::int64_t>(), body.at("initial").get<std::int64_t>()};
    } catch (const nlohmann::json::exception&) {
      return {StoreAnswer::Kind::invalid, "an addition has field, delta, minimum and initial"};
    }
    return tables_.add(context.tag, request.query("world"), request.query("table"), request.query("key"), addition);
  }

  // Times the query, and logs and counts it when it was slow.
  template <class Query>
  net::Response answer(const CallContext& context, const char* operation, const net::Request& request, Query query) {
    const Instant begin = Clock::now();
    const StoreAnswer got = query();
    const double took_ms = to_micros(Clock::now() - begin) / 1000;
    if (took_ms >= kSlowQueryMs) {
      *slow_queries_ += 1;
      runtime_.log("warning", context.trace.trace_id(), "slow query",
                   {{"operation", operation}, {"table", request.query("table")}, {"ms", std::to_string(took_ms)}});
    }
    if (got.kind == StoreAnswer::Kind::ok) return net::Response::json(200, got.text);
    if (got.kind != StoreAnswer::Kind::missing && got.kind != StoreAnswer::Kind::conflict) {
      runtime_.log("error", context.trace.trace_id(), "query refused",
                   {{"operation", operation}, {"reason", got.text}});
    }
    return refusal(status_of(got.kind), got.text);
  }

  NodeRuntime& runtime_;
  StoreTables tables_;
  double* slow_queries_;
};

}  // namespace

ExitCode run_store(NodeConfig config, int ready_fd) {
  auto tables = StoreTables::open(config.data_dir);
  NodeRuntime runtime(std::move(config));
  if (!tables) {
    runtime.log("error", "", "the store's files do not open", {{"reason", tables.error().message()}});
    return tables.error().code;
  }
  StoreNode node(runtime, std::move(*tables));
  node.add_routes();
  return runtime.run(ready_fd);
}

}  // namespace tidemark::shop
