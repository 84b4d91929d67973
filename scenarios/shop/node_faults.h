// The fault a node has now, and what it does to each request that has a worker. Ends by itself when its time is over;
// visible in the watermark (fault_now, fault_slow_us_now, fault_slow_factor_now, fault_block_us_now, fault_errors_now,
// fault_stall_now, faults_met) and in the log. Used from the node's own thread only.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/random.h"
#include "engine/net/asio.h"
#include "scenarios/shop/fault.h"
#include "scenarios/shop/node_counters.h"
#include "scenarios/shop/service_time.h"

namespace tidemark::shop {

class NodeFaults {
 public:
  using Log = std::function<void(const std::string& message, std::vector<std::pair<std::string, std::string>> context)>;
  NodeFaults(net::asio::io_context& io, std::uint64_t seed, const std::string& node, NodeCounters& counters, Log log);

  // Replaces the fault there is. Not for `kill`, which is the process's own business.
  void begin(const Fault& fault, std::optional<Nanos> lasts);
  bool active() const { return !fault_.none(); }
  const Fault& fault() const { return fault_; }
  // nullopt: until it is cleared.
  std::optional<Nanos> left(Instant now) const;

  ServiceTimes::Drawn slowed(ServiceTimes::Drawn drawn) const;
  // What the fault does beyond being slow: blocks this thread, holds the request while it is stalled. 0: go on; 500 or
  // 504: answer that.
  net::Task<int> meet(Instant deadline);

 private:
  void end(const char* why);
  void show();
  void release();  // whoever is held looks again

  net::asio::io_context& io_;
  NodeCounters& counters_;
  const Log log_;
  Random random_;
  Fault fault_;
  net::Timer over_;
  std::optional<Instant> until_;
  std::set<net::Timer*> held_;  // on the frames of the coroutines that wait
};

}  // namespace tidemark::shop
