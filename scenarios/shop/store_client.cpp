#include "scenarios/shop/store_client.h"

#include "scenarios/shop/payload.h"

namespace tidemark::shop {

namespace {

std::string row_target(const char* path, const CallContext& context, const std::string& table) {
  return std::string(path) + "?world=" + std::string(context.tag.world()) + "&table=" + query_encoded(table);
}

StoreResult::Status status_of(const net::CallResult& result) {
  if (result.status != net::CallResult::Status::ok) return StoreResult::Status::failed;
  switch (result.response.status) {
    case 200:
      return StoreResult::Status::ok;
    case 404:
      return StoreResult::Status::missing;
    case 409:
      return StoreResult::Status::conflict;
    case 403:
    case 422:
    case 503:
      return StoreResult::Status::refused;
    default:
      return StoreResult::Status::failed;
  }
}

std::string error_of(const net::CallResult& result) {
  if (result.status != net::CallResult::Status::ok) return "store: " + result.error;
  return "store answered " + std::to_string(result.response.status) + ": " + result.response.body.substr(0, 256);
}

StoreResult row_result(net::CallResult result) {
  StoreResult row{status_of(result), {}, {}};
  if (row.ok()) {
    row.payload = std::move(result.response.body);
  } else {
    row.error = error_of(result);
  }
  return row;
}

}  // namespace

net::Task<StoreResult> store_get(CallContext& context, std::string table, std::string key) {
  const std::string target = row_target("/row", context, table) + "&key=" + query_encoded(key);
  net::CallResult result = co_await context.call("store", "GET", target);
  co_return row_result(std::move(result));
}

net::Task<StoreResult> store_put(CallContext& context, std::string table, std::string key, nlohmann::json fields) {
  const std::string target = row_target("/row", context, table) + "&key=" + query_encoded(key);
  std::string payload = stamped(std::move(fields), context.tag);
  net::CallResult result = co_await context.call("store", "PUT", target, std::move(payload));
  co_return row_result(std::move(result));
}

net::Task<StoreResult> store_add(CallContext& context, std::string table, std::string key, StoreAdd add) {
  const std::string target = row_target("/row/add", context, table) + "&key=" + query_encoded(key);
  const nlohmann::json body = {
      {"field", add.field}, {"delta", add.delta}, {"minimum", add.minimum}, {"initial", add.initial}};
  std::string text = body.dump();
  net::CallResult result = co_await context.call("store", "POST", target, std::move(text));
  co_return row_result(std::move(result));
}

net::Task<StorePage> store_scan_page(CallContext& context, std::string table, std::string after, std::uint32_t limit) {
  const std::string target =
      row_target("/rows", context, table) + "&after=" + query_encoded(after) + "&limit=" + std::to_string(limit);
  const net::CallResult result = co_await context.call("store", "GET", target);
  StorePage page{status_of(result), {}, {}, {}};
  if (page.status != StoreResult::Status::ok) {
    page.error = error_of(result);
    co_return page;
  }
  try {
    const auto body = nlohmann::json::parse(result.response.body);
    for (const auto& row : body.at("rows")) {
      page.rows.push_back({row.at("key").get<std::string>(), row.at("payload").get<std::string>()});
    }
    page.next = body.at("next").get<std::string>();
  } catch (const nlohmann::json::exception& broken) {
    page = {StoreResult::Status::failed, {}, {}, std::string("store: unreadable page: ") + broken.what()};
  }
  co_return page;
}

}  // namespace tidemark::shop
