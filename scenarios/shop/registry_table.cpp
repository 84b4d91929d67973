#include "scenarios/shop/registry_table.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/core/base64.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::size_t kKeys = 100'000;
constexpr std::int64_t kLongestLease = 9'000'000'000;  // etcd's own limit, seconds

// gRPC status codes as the gateway writes them.
RegistryTable::Answer refusal(int http, int code, const std::string& what) {
  return {http, json{{"error", what}, {"code", code}, {"message", what}}};
}
RegistryTable::Answer invalid(const std::string& what) {
  return refusal(400, 3, what);
}
RegistryTable::Answer no_lease() {
  return refusal(404, 5, "etcdserver: requested lease not found");
}

// 64-bit numbers come as strings or as numbers; an absent one is zero.
std::optional<std::int64_t> number_of(const json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (!found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<std::string> bytes_of(const json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) return "";
  if (!found->is_string()) return std::nullopt;
  return base64_decode(found->get_ref<const std::string&>());
}

}  // namespace

RegistryTable::Answer RegistryTable::handle(const std::string& path, const std::string& body, Instant now) {
  expire(now);
  const json request = json::parse(body, nullptr, false);
  if (!request.is_object()) return invalid("the body must be a JSON object");
  if (path == "/v3/lease/grant") return grant(request, now);
  if (path == "/v3/lease/keepalive") return keep_alive(request, now);
  if (path == "/v3/lease/revoke") return revoke(request);
  if (path == "/v3/kv/put") return put(request);
  if (path == "/v3/kv/range") return range(request);
  return refusal(404, 5, "Not Found");
}

json RegistryTable::header() const {
  return json{{"revision", std::to_string(revision_)}};
}

void RegistryTable::expire(Instant now) {
  for (auto lease = leases_.begin(); lease != leases_.end();) {
    const auto id = lease->first;
    const bool over = lease->second.expires <= now;
    ++lease;
    if (over) remove_lease(id);
  }
}

void RegistryTable::remove_lease(std::int64_t id) {
  leases_.erase(id);
  if (std::erase_if(keys_, [id](const auto& entry) { return entry.second.lease == id; }) > 0) ++revision_;
}

RegistryTable::Answer RegistryTable::grant(const json& request, Instant now) {
  const auto ttl = number_of(request, "TTL"), wished = number_of(request, "ID");
  if (!ttl || !wished || *ttl <= 0 || *ttl > kLongestLease) return invalid("etcdserver: too large or small lease TTL");
  if (leases_.size() >= kKeys) return refusal(429, 8, "etcdserver: too many leases");
  const std::int64_t id = *wished != 0 ? *wished : next_lease_++;
  if (leases_.contains(id)) return refusal(400, 9, "etcdserver: lease already exists");
  const Nanos length = std::chrono::seconds(*ttl);
  leases_[id] = {length, now + length};
  return {200, json{{"header", header()}, {"ID", std::to_string(id)}, {"TTL", std::to_string(*ttl)}}};
}

RegistryTable::Answer RegistryTable::keep_alive(const json& request, Instant now) {
  const auto id = number_of(request, "ID");
  if (!id) return invalid("ID must be a number");
  json result{{"header", header()}, {"ID", std::to_string(*id)}};
  if (const auto lease = leases_.find(*id); lease != leases_.end()) {
    lease->second.expires = now + lease->second.ttl;
    result["TTL"] = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(lease->second.ttl).count());
  }
  return {200, json{{"result", std::move(result)}}};
}

RegistryTable::Answer RegistryTable::revoke(const json& request) {
  const auto id = number_of(request, "ID");
  if (!id) return invalid("ID must be a number");
  if (!leases_.contains(*id)) return no_lease();
  remove_lease(*id);
  return {200, json{{"header", header()}}};
}

RegistryTable::Answer RegistryTable::put(const json& request) {
  const auto key = bytes_of(request, "key"), value = bytes_of(request, "value");
  const auto lease = number_of(request, "lease");
  if (!key || !value || !lease) return invalid("key and value must be base64, lease a number");
  if (key->empty()) return invalid("etcdserver: key is not provided");
  if (*lease != 0 && !leases_.contains(*lease)) return no_lease();
  if (keys_.size() >= kKeys && !keys_.contains(*key))
    return refusal(429, 8, "etcdserver: mvcc: database space exceeded");
  ++revision_;
  Value& stored = keys_[*key];
  if (stored.version == 0) stored.created = revision_;
  stored.value = *value;
  stored.modified = revision_;
  stored.lease = *lease;
  ++stored.version;
  return {200, json{{"header", header()}}};
}

RegistryTable::Answer RegistryTable::range(const json& request) const {
  const auto key = bytes_of(request, "key"), end = bytes_of(request, "range_end");
  if (!key || !end) return invalid("key and range_end must be base64");
  if (key->empty()) return invalid("etcdserver: key is not provided");
  const bool to_the_end = *end == std::string(1, '\0');
  json found = json::array();
  for (auto entry = keys_.lower_bound(*key); entry != keys_.end(); ++entry) {
    const auto& [name, value] = *entry;
    if (end->empty() ? name != *key : !to_the_end && name >= *end) break;
    json pair{{"key", base64_encode(name)},
              {"create_revision", std::to_string(value.created)},
              {"mod_revision", std::to_string(value.modified)},
              {"version", std::to_string(value.version)},
              {"value", base64_encode(value.value)}};
    if (value.lease != 0) pair["lease"] = std::to_string(value.lease);
    found.push_back(std::move(pair));
  }
  json answer{{"header", header()}};
  if (!found.empty()) {
    answer["count"] = std::to_string(found.size());
    answer["kvs"] = std::move(found);
  }
  return {200, std::move(answer)};
}

}  // namespace tidemark::shop
