#include "scenarios/shop/registry_client.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/core/base64.h"
#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::milliseconds kTimeout{1000};
using nlohmann::json;

tl::unexpected<Error> broken(const std::string& target, const std::string& what) {
  return fail(ExitCode::environment, "registry " + target, what);
}

// A field that etcd writes as a string, though other gateways write a number.
std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string prefix_end(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<unsigned char>(prefix.back()) != 0xff) {
      prefix.back() = static_cast<char>(prefix.back() + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');  // etcd's "to the end"
}

RegistryClient::RegistryClient(net::HttpClient& client, net::Endpoint registry, std::string caller)
    : client_(client), registry_(std::move(registry)), caller_(std::move(caller)) {}

net::Task<Result<std::string>> RegistryClient::post(std::string target, std::string body) {
  net::Request request;
  request.method = "POST";
  request.target = target;
  request.headers.set("content-type", "application/json");
  request.headers.set(traffic::kCallerHeader, caller_);
  request.body = std::move(body);
  auto result = co_await client_.call(registry_, std::move(request), Clock::now() + kTimeout);
  if (result.status != net::CallResult::Status::ok) co_return broken(target, result.error);
  if (result.response.status != 200) {
    co_return broken(target, "answered " + std::to_string(result.response.status) + " " + result.response.body);
  }
  co_return std::move(result.response.body);
}

net::Task<Result<std::string>> RegistryClient::grant(std::chrono::seconds ttl) {
  const auto answer = co_await post("/v3/lease/grant", json{{"TTL", ttl.count()}}.dump());
  if (!answer) co_return tl::make_unexpected(answer.error());
  const json parsed = json::parse(*answer, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("ID")) co_return broken("/v3/lease/grant", "answered without an ID");
  co_return text_of(parsed["ID"]);
}

net::Task<Result<bool>> RegistryClient::keep_alive(std::string lease) {
  const auto answer = co_await post("/v3/lease/keepalive", json{{"ID", lease}}.dump());
  if (!answer) co_return tl::make_unexpected(answer.error());
  const json parsed = json::parse(*answer, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("result") || !parsed["result"].is_object()) {
    co_return broken("/v3/lease/keepalive", "answered without a result");
  }
  // etcd leaves out fields that are zero: a TTL that is absent is an expired lease.
  const json& result = parsed["result"];
  co_return result.contains("TTL") && text_of(result["TTL"]) != "0";
}

net::Task<Result<bool>> RegistryClient::revoke(std::string lease) {
  const auto answer = co_await post("/v3/lease/revoke", json{{"ID", lease}}.dump());
  if (!answer) co_return tl::make_unexpected(answer.error());
  co_return true;
}

net::Task<Result<bool>> RegistryClient::put(std::string key, std::string value, std::string lease) {
  const json body{{"key", base64_encode(key)}, {"value", base64_encode(value)}, {"lease", lease}};
  const auto answer = co_await post("/v3/kv/put", body.dump());
  if (!answer) co_return tl::make_unexpected(answer.error());
  co_return true;
}

net::Task<Result<std::map<std::string, std::string>>> RegistryClient::range(std::string prefix) {
  const json body{{"key", base64_encode(prefix)}, {"range_end", base64_encode(prefix_end(prefix))}};
  const auto answer = co_await post("/v3/kv/range", body.dump());
  if (!answer) co_return tl::make_unexpected(answer.error());
  const json parsed = json::parse(*answer, nullptr, false);
  if (!parsed.is_object()) co_return broken("/v3/kv/range", "answered no JSON object");
  std::map<std::string, std::string> found;
  for (const json& pair : parsed.value("kvs", json::array())) {
    if (!pair.is_object() || !pair.contains("key") || !pair["key"].is_string()) continue;
    const auto key = base64_decode(pair["key"].get<std::string>());
    const auto value =
        base64_decode(pair.contains("value") && pair["value"].is_string() ? pair["value"].get<std::string>() : "");
    if (key && value) found[*key] = *value;
  }
  co_return found;
}

}  // namespace tidemark::shop
