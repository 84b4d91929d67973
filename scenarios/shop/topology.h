// The topology file: how many nodes of each service, their pools and service times. docs/topology.md is its reference.
// Thread-safe: plain values.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

struct ServiceTopology {
  nlohmann::json guard = nlohmann::json::object();  // over the topology's own (guard_config.h)
  std::uint32_t nodes = 1;
  std::uint32_t workers = 64;
  std::uint32_t queue_limit = 1024;
  std::map<std::string, OperationTime> operations;
};

// A fault gate that everything from the nodes of `from` to those of `to` passes.
struct GateTopology {
  std::string from, to;
};

struct Topology {
  std::string name = "shop";
  std::uint64_t seed = 1;
  std::string inventory_by = "call";  // "call" | "event": how an order reaches inventory, never both
  std::uint32_t span_sample = 20;
  std::string strip_tag_towards;                    // fault for tests, see NodeConfig
  int cpu = -1;                                     // core for the whole stack; -1: not pinned
  nlohmann::json guard = nlohmann::json::object();  // of every node but the registry's
  std::vector<GateTopology> gates;                  // node gate-1, gate-2, ... in this order
  std::map<std::string, ServiceTopology>
      services;  // the eleven known names; absent ones get the defaults of shop.topology.yaml
};

// Errors name file, line and field, all of them.
Result<Topology> load_topology(const std::filesystem::path& file);
Result<Topology> parse_topology(const std::string& yaml, const std::string& name_for_errors);
// scenarios/library/shop.topology.yaml, embedded in the binary.
const Topology& default_topology();
std::string to_yaml(const Topology& topology);
// What the nodes of a service are guarded by: the topology's guard with the service's own over it.
nlohmann::json guard_of(const Topology& topology, const std::string& service);

}  // namespace tidemark::shop
