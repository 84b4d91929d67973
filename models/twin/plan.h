// A System as the engine runs it: names resolved to numbers, lists flat. Internal to models/twin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/twin/system.h"

namespace tidemark::twin {

inline constexpr std::uint32_t kNone = 0xffff'ffff;

struct PlannedCall {
  std::uint32_t service = 0, operation = 0;  // operation: index into Plan::operations
  std::uint32_t edge = 0;
  std::uint32_t whole = 1, chance = 0;  // times; chance / 2^32 of one more
  bool on_miss = false, optional = false;
  bool again = false;  // an earlier group of the operation has called the same service
};

struct PlannedGroup {
  std::uint32_t first_call = 0, calls = 0;
};

struct PlannedOperation {
  std::uint32_t service = 0;
  std::uint32_t local = 0;  // number in its service
  std::uint32_t first_group = 0, groups = 0;
  std::uint32_t cache = kNone;  // number in its service
  double cpu_share = 0;
  bool hold_worker = true, answer_first = false, idempotent = true;
};

struct PlannedEdge {
  std::uint32_t local = 0;             // number among those of `from`
  std::uint32_t from = kNone, to = 0;  // services; from kNone: clients
  std::int64_t delay_ns = 0, timeout_ns = 0;
  double delay_cv = 0;
  std::uint32_t at_once = 0;
};

struct PlannedService {
  std::string name{};
  std::uint32_t first_operation = 0, operations = 0;
  std::uint32_t edges = 0;  // that it calls on
  std::uint32_t client_edge = 0;
  std::uint32_t first_fleet = 0;
  bool shaped = false;  // quota, serial part or crosstalk: a draw is not the whole story
};

struct PlannedStep {
  std::string name{};
  std::uint32_t operation = 0;  // index into Plan::operations
  std::int64_t think_ns = 0;
};
struct PlannedFlow {
  std::string name{};
  guard::Priority priority = guard::Priority::normal;
  std::uint32_t first_step = 0, steps = 0;
};

// The nodes of one service in one region.
struct PlannedFleet {
  std::uint32_t service = 0, region = 0;
  std::uint32_t first_node = 0, nodes = 0, most = 0;  // at the start; with the autoscaler's last
};

struct Plan {
  System system{};
  std::vector<PlannedService> services{};
  std::vector<PlannedOperation> operations{};
  std::vector<PlannedGroup> groups{};
  std::vector<PlannedCall> calls{};
  std::vector<PlannedEdge> edges{};
  std::vector<PlannedFlow> flows{};
  std::vector<PlannedStep> steps{};
  std::vector<PlannedFleet> fleets{};  // services x regions; absent there: nodes 0 and the home's are called
  std::uint32_t regions = 1, nodes = 0;
  bool keyed = false;  // something depends on the flows' keys
  std::int64_t shortest_timeout_ns = 0;

  // The fleet that a caller in `region` calls.
  std::uint32_t fleet_of(std::uint32_t service, std::uint32_t region) const {
    return reached[service * regions + region];
  }
  std::vector<std::uint32_t> reached{};
};

// `system` must hold (check_system).
Plan plan_of(const System& system);

}  // namespace tidemark::twin
