// One node of the simulation: pool, limiter, what it does to work, and its counters. Internal to models/twin.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/guard/breaker.h"
#include "engine/guard/bulkhead.h"
#include "engine/guard/limiter.h"
#include "engine/guard/retry.h"
#include "engine/guard/worker_pool.h"
#include "models/twin/cpu_meter.h"
#include "models/twin/keys.h"

namespace tidemark::twin {

// What a node keeps of one service that it calls.
struct EdgeState {
  std::unique_ptr<guard::Breaker> breaker;
  std::uint32_t under_way = 0;  // calls, for the bulkhead
  std::unique_ptr<guard::Retry> retry;
};

struct Node {
  Node(std::uint32_t workers, std::uint32_t queue_limit, double quota)
      : pool(workers > 0 ? workers : std::numeric_limits<std::uint32_t>::max(), queue_limit), cpu(quota) {}

  guard::WorkerPool pool;
  std::unique_ptr<guard::Limiter> limiter;
  std::unique_ptr<guard::Bulkhead> bulkhead;
  std::array<std::uint8_t, guard::kPriorities> groups{};  // of the bulkhead, by priority
  std::uint32_t fleet = 0, service = 0;
  bool up = true;       // answers
  bool listed = false;  // callers pick it
  bool started = false, starting = false;
  bool altered = false;  // one of the next, but a stall, is not the default
  double factor = 1;     // of its work
  std::int64_t extra_ns = 0, stalled_until_ns = 0;
  std::uint32_t error_chance = 0;                                     // of 2^32
  std::uint32_t inside = 0;                                           // requests admitted and not ended
  std::uint64_t arrived = 0, completed = 0, failed = 0, refused = 0;  // refused: before the pool
  std::int64_t cpu_ns = 0;
  CpuMeter cpu;
  std::vector<EdgeState> edges;
  std::vector<CacheState> caches;
  std::uint32_t number = 1;  // in its fleet
};

}  // namespace tidemark::twin
