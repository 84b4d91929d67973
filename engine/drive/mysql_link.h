// MySQL and MariaDB over Connector/C's non-blocking API, as a store that a pool opens connections to. One statement at
// a time on each connection, in the text protocol: values are escaped by the connection's own rules and stand in
// quotes. Never a second statement in one call, never a file of this machine (LOAD DATA LOCAL is off, whatever a server
// asks).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/drive/store_link.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

struct MysqlServer {
  std::string address;  // an IP address in text, the one that the target guard decided on
  std::uint16_t port = 3306;
  std::string user, password, database;
};

struct SqlStatement {
  using Value = schedule::StoreCall::Value;
  std::vector<std::string> parts;  // between the values: one more than `values`
  std::vector<Value> values;       // a number is sent as it stands: the caller has seen that it is one
};

inline constexpr std::size_t kMostResultBytes = 16u << 20;  // of all rows of one call

// StoreRequest::statement points to an SqlStatement.
std::unique_ptr<StoreLink> make_mysql_link(const LinkPlace& place, const MysqlServer& server);

}  // namespace tidemark::drive
