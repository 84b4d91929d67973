// Rows of the store node, for the services: JSON over HTTP through CallContext::call, so that tag, trace and deadline
// travel along. The world of a row follows from the tag: orders, inventory and payments exist once live and once in
// shadow; products and users are reference data, live only, read by everybody and never written under a shadow tag.
// Used from the node's own thread only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

struct StoreResult {
  enum class Status {
    ok,
    missing,   // get: no such row
    conflict,  // add: the field would fall below its minimum; nothing was written
    refused,   // tag or payload not allowed (403, 422), pool full (503): `error` is the store's own text
    failed,    // no answer within the deadline, or a broken one
  } status = Status::failed;
  std::string payload;  // ok of get and add: the row, a JSON object as text
  std::string error;

  bool ok() const { return status == Status::ok; }
};

struct StoreRow {
  std::string key, payload;
};

struct StorePage {
  StoreResult::Status status = StoreResult::Status::failed;
  std::vector<StoreRow> rows;  // ordered by key
  std::string next;            // pass as `after` to go on; "" at the end
  std::string error;
};

// `table`: products | users | orders | inventory | payments. `key`: 1 to 200 bytes.
net::Task<StoreResult> store_get(CallContext& context, std::string table, std::string key);

// Inserts or replaces. `fields` is a JSON object; "_run" is set here from the tag, and checked by the store.
net::Task<StoreResult> store_put(CallContext& context, std::string table, std::string key, nlohmann::json fields);

// Atomically adds `delta` to the integer `field` of a row of the tag's world; `conflict` when the sum would be below
// `minimum`. A missing row begins as {field: initial}. Answers the row as it is after.
struct StoreAdd {
  std::string field;
  std::int64_t delta = 0;
  std::int64_t minimum = 0;
  std::int64_t initial = 0;
};
net::Task<StoreResult> store_add(CallContext& context, std::string table, std::string key, StoreAdd add);

// Rows with key > `after`, at most `limit` (1 to 1000).
net::Task<StorePage> store_scan_page(CallContext& context, std::string table, std::string after, std::uint32_t limit);

}  // namespace tidemark::shop
