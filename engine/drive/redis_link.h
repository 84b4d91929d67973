// Redis over hiredis' asynchronous API, as a store that a pool opens connections to. One command at a time on each
// connection, as an application's pool does it. A reply is bounded: hiredis keeps all of it in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/drive/store_link.h"

namespace tidemark::drive {

struct RedisServer {
  std::string address;  // an IP address in text, the one that the target guard decided on
  std::uint16_t port = 6379;
  std::string user, password;  // no password: no AUTH
  std::string database;        // no SELECT when empty
};

inline constexpr std::size_t kMostReplyBytes = 16u << 20;

std::unique_ptr<StoreLink> make_redis_link(const LinkPlace& place, const RedisServer& server);

}  // namespace tidemark::drive
