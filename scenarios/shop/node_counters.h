// What a node counts of its own work, and the watermark made of it. Totals are monotone and never reset by a read;
// problems are handed out until the reader says that it has them. Not thread-safe: one owner, the node's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "engine/core/watermark.h"
#include "engine/guard/deadline.h"
#include "engine/guard/worker_pool.h"

namespace tidemark::shop {

struct OperationCounter {
  double busy_seconds = 0;  // worker held
  std::uint64_t completed = 0;
  guard::TimeQuantile usual{0};  // of the time from worker to end; fed where deadlines are guarded
};

class NodeCounters {
 public:
  std::uint64_t arrived = 0;    // past the tag gate
  std::uint64_t completed = 0;  // answered below 500
  std::uint64_t failed = 0;     // answered 500 or above, or given up past the deadline
  std::uint64_t refused_before_pool = 0;

  OperationCounter& operation(const std::string& name) { return operations_[name]; }  // the reference stays valid
  const std::map<std::string, double>& extras() const { return extra_; }
  double* extra(const std::string& name) { return &extra_[name]; }  // the pointer stays valid
  // `flow` is "live" for live traffic. At most 64 flows by name, the rest under "other".
  void count_flow(const std::string& flow);
  // Kept until acknowledged; the same text only once among those, at most 100. True when it is new.
  bool problem(const std::string& text);
  // The problems are numbered in the order in which they came. `seen`: so many of them have reached the reader, from
  // number 0 on; they are forgotten, and the rest is handed out, however often. A `seen` beyond the last is of an
  // earlier life of this node and acknowledges nothing. Without it, what is handed out is forgotten at once.
  struct Problems {
    std::uint64_t from = 0;  // number of the first one in `texts`
    std::vector<std::string> texts;
  };
  Problems problems(std::optional<std::uint64_t> seen);

  WatermarkSample watermark(const std::string& service, const std::string& node,
                            const guard::WorkerPool::Reading& pool) const;

 private:
  std::map<std::string, OperationCounter> operations_;
  std::map<std::string, double> extra_;
  std::map<std::string, std::uint64_t> flows_;
  std::vector<std::string> problems_;
  std::uint64_t acknowledged_ = 0;  // problems before problems_
};

}  // namespace tidemark::shop
