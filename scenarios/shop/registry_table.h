// What the registry node knows: keys with revisions and leases, and the answers of etcd's v3 JSON gateway to the
// requests the stack makes of it (lease grant, keepalive, revoke; kv put, range). A pure state machine: `now` is an
// argument. Field names, number-as-string and left-out zeroes follow etcd 3.5. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/units.h"

namespace tidemark::shop {

class RegistryTable {
 public:
  struct Answer {
    int status = 200;  // HTTP
    nlohmann::json body;
  };
  // Lease ids are drawn from `seed`; never zero.
  explicit RegistryTable(std::uint64_t seed) : next_lease_(seed % 0x7fffffff + 1) {}

  // `path`: "/v3/lease/grant", "/v3/lease/keepalive", "/v3/lease/revoke", "/v3/kv/put", "/v3/kv/range".
  Answer handle(const std::string& path, const std::string& body, Instant now);
  std::size_t keys() const { return keys_.size(); }

 private:
  struct Value {
    std::string value;
    std::int64_t created = 0, modified = 0, version = 0, lease = 0;
  };
  struct Lease {
    Nanos ttl{};
    Instant expires{};
  };

  void expire(Instant now);
  void remove_lease(std::int64_t id);
  nlohmann::json header() const;
  Answer grant(const nlohmann::json& request, Instant now);
  Answer keep_alive(const nlohmann::json& request, Instant now);
  Answer revoke(const nlohmann::json& request);
  Answer put(const nlohmann::json& request);
  Answer range(const nlohmann::json& request) const;

  std::int64_t next_lease_;
  std::int64_t revision_ = 1;
  std::map<std::string, Value> keys_;
  std::map<std::int64_t, Lease> leases_;
};

}  // namespace tidemark::shop
