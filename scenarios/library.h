// Files of scenarios/library that are embedded in the binary, so that it needs nothing beside it. Thread-safe.
#pragma once

#include <string_view>

namespace tidemark::scenarios {

std::string_view sale_yaml();           // the demo's flows
std::string_view shop_topology_yaml();  // the default topology of the bundled stack

}  // namespace tidemark::scenarios
