// What a service answers when one of the calls it needed did not go well: the one table of statuses of the shop.
// Thread-safe: pure functions.
#pragma once

#include <string>

#include "engine/net/http_client.h"
#include "engine/net/message.h"
#include "scenarios/shop/store_client.h"

namespace tidemark::shop {

// {"error": error, "what": what}
net::Response refuse(int status, const std::string& error, const std::string& what);

// The callee's own answer where there is one; 504 when it took too long, 502 when it could not be reached. `callee` is
// named.
net::Response relay(net::CallResult result, const std::string& callee);

// ok -> 200 with the row; missing 404; conflict 409; refused and failed 502, quoting the store.
net::Response relay(StoreResult result);

// A positive whole number, written without sign; 0 when it is none.
std::uint64_t positive_number(std::string_view text);

}  // namespace tidemark::shop
