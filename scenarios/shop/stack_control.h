// Orders to the nodes of a running stack, with the key that stack.json holds. Blocking; thread-safe: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::shop {

// Who is meant by "product-2" (a node), "product" (every node of a service), "product:store" (the gate between two).
// Exit 2 names the nearest name there is.
Result<std::vector<observe::ScrapeTarget>> nodes_named(const StackInfo& stack, const std::string& name);

// A call to one of a node's control routes; `body` empty: GET, else POST. Exit 2 with the node's own words when it does
// not understand the order, 4 when it cannot be reached or does not accept the key.
Result<nlohmann::json> order_node(const StackInfo& stack, const observe::ScrapeTarget& node, const std::string& route,
                                  const std::string& body);

}  // namespace tidemark::shop
