// One threshold on the watermarks of a node, or of all nodes of a service: each node is followed by itself, and the
// worst of them decides. One owner.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "engine/core/watermark.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

class NodeRule {
 public:
  explicit NodeRule(const schedule::Threshold& threshold);

  struct Value {
    std::string node;
    double t_s = 0, value = 0;
    bool met = true;
    std::uint32_t broken_in_a_row = 0;  // windows of this node
  };
  // Takes a sample, in the order of time for each node. A value when a window ends with it; nullopt for a sample that
  // is not this rule's, or was missed, or came too early.
  std::optional<Value> sample(const WatermarkSample& sample);

  const std::optional<Value>& worst() const { return worst_; }

 private:
  struct Point {
    double t_s = 0, cpu = 0, busy = 0, wait = 0;
    std::uint64_t completed = 0, refused = 0;
    std::uint32_t workers = 0, queued_max = 0;
  };
  struct Node {
    std::deque<Point> points;
    std::uint64_t missed = 0;
    double refused = 0;  // over the run, restarts of the node left out
    std::uint32_t broken_in_a_row = 0;
  };
  std::optional<double> value_between(const Node& node, const Point& from, const Point& to) const;
  bool counts_the_run() const { return over_s_ <= 0 && (statistic_ == "refused" || statistic_ == "missed"); }
  Value judge(const WatermarkSample& sample, Node& node, double value);

  const std::string pattern_, statistic_;
  const bool below_;
  const double limit_, over_s_, after_s_;
  std::map<std::string, Node> nodes_;
  std::optional<Value> worst_;
};

// "store", "store-1", "product-*" or "*": the name of a node, or of a service.
bool names_node(const std::string& pattern, const std::string& node, const std::string& service);

}  // namespace tidemark::drive
