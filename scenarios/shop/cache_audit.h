// Reads a whole cache by SCAN and GET as its auditor. Blocking, on a connection of its own; never on a node's thread.
#pragma once

#include <functional>
#include <string>

#include "engine/core/error.h"
#include "engine/net/message.h"

namespace tidemark::shop {

// `each` gets every key present from the first to the last moment, with its value; keys that vanish meanwhile are left
// out. Exit 4 when the cache does not answer, or does not take `tag_key` for the auditor's.
Result<void> read_cache(const net::Endpoint& resp, const std::string& tag_key,
                        const std::function<void(const std::string& key, const std::string& value)>& each);

}  // namespace tidemark::shop
