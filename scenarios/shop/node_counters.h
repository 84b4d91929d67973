// What a node counts of its own work, and the watermark made of it. Totals are monotone and never reset by a read;
// problems are handed out once. Not thread-safe: one owner, the node's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "engine/core/watermark.h"
#include "engine/guard/worker_pool.h"

namespace tidemark::shop {

struct OperationCounter {
  double busy_seconds = 0;  // worker held
  std::uint64_t completed = 0;
};

class NodeCounters {
 public:
  std::uint64_t arrived = 0;    // past the tag gate
  std::uint64_t completed = 0;  // answered below 500
  std::uint64_t failed = 0;     // answered 500 or above, or given up past the deadline
  std::uint64_t refused_before_pool = 0;

  OperationCounter& operation(const std::string& name) { return operations_[name]; }  // the reference stays valid
  double* extra(const std::string& name) { return &extra_[name]; }                    // the pointer stays valid
  // `flow` is "live" for live traffic. At most 64 flows by name, the rest under "other".
  void count_flow(const std::string& flow);
  // Kept until drained; the same text only once, at most 100. True when it is new since the last drain.
  bool problem(const std::string& text);
  std::vector<std::string> drain_problems();

  WatermarkSample watermark(const std::string& service, const std::string& node,
                            const guard::WorkerPool::Reading& pool) const;

 private:
  std::map<std::string, OperationCounter> operations_;
  std::map<std::string, double> extra_;
  std::map<std::string, std::uint64_t> flows_;
  std::vector<std::string> problems_;
};

}  // namespace tidemark::shop
