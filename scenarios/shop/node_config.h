// A node's configuration as the supervisor hands it over: one JSON object on standard input. Thread-safe: pure
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

std::string node_config_text(const NodeConfig& config);
// The error names the field.
Result<NodeConfig> parse_node_config(std::string_view text);

// The eleven services, in the order in which a stack starts them.
const std::vector<std::string>& service_names();
// Runs the node named by config.service in this process. Exit 2 for a service that does not exist.
ExitCode run_node(NodeConfig config, int ready_fd);

}  // namespace tidemark::shop
