#include "engine/drive/node_rule.h"

#include <algorithm>

#include "engine/schedule/threshold_metrics.h"

namespace tidemark::drive {
namespace {

constexpr double kScrapeJitter = 0.5;  // seconds: samples are taken once a second, give or take the scraper's delay

}  // namespace

bool names_node(const std::string& pattern, const std::string& node, const std::string& service) {
  return schedule::matches_pattern(pattern, node) || schedule::matches_pattern(pattern, service);
}

NodeRule::NodeRule(const schedule::Threshold& threshold)
    : pattern_(threshold.node),
      statistic_(threshold.statistic),
      below_(threshold.below),
      limit_(threshold.limit),
      over_s_(to_seconds(threshold.over)),
      after_s_(to_seconds(threshold.after)) {}

std::optional<double> NodeRule::value_between(const Node& node, const Point& from, const Point& to) const {
  const double seconds = to.t_s - from.t_s;
  if (statistic_ == "busy") {
    if (to.workers == 0) return std::nullopt;  // a pool without bound has no share
    return std::min(1.0, (to.busy - from.busy) / (seconds * to.workers));
  }
  if (statistic_ == "cpu") return (to.cpu - from.cpu) / seconds;
  if (statistic_ == "wait") {
    if (to.completed == from.completed) return std::nullopt;
    return (to.wait - from.wait) / static_cast<double>(to.completed - from.completed) * 1e6;
  }
  if (statistic_ == "queue") {
    std::uint32_t most = to.queued_max;
    for (const Point& point : node.points) {
      if (point.t_s > from.t_s) most = std::max(most, point.queued_max);
    }
    return most;
  }
  return static_cast<double>(to.refused - from.refused);
}

NodeRule::Value NodeRule::judge(const WatermarkSample& sample, Node& node, double value) {
  const bool met = below_ ? value < limit_ : value > limit_;
  node.broken_in_a_row = met ? 0 : node.broken_in_a_row + 1;
  Value made{
      .node = sample.node, .t_s = sample.t_s, .value = value, .met = met, .broken_in_a_row = node.broken_in_a_row};
  const bool worse = !worst_ || (below_ ? value > worst_->value : value < worst_->value);
  if (worse) worst_ = made;
  return made;
}

std::optional<NodeRule::Value> NodeRule::sample(const WatermarkSample& sample) {
  if (sample.t_s < after_s_ || !names_node(pattern_, sample.node, sample.service)) return std::nullopt;
  Node& node = nodes_[sample.node];
  if (statistic_ == "missed") {
    node.missed += sample.missed ? 1 : 0;
    return judge(sample, node, static_cast<double>(node.missed));
  }
  if (sample.missed) return std::nullopt;
  const Point point{.t_s = sample.t_s,
                    .cpu = sample.cpu_seconds,
                    .busy = sample.busy_seconds,
                    .wait = sample.wait_seconds,
                    .completed = sample.completed,
                    .refused = sample.refused,
                    .workers = sample.workers,
                    .queued_max = sample.queued_max};
  if (!node.points.empty()) {
    const Point& last = node.points.back();
    if (point.t_s <= last.t_s) return std::nullopt;
    const bool restarted = point.cpu < last.cpu || point.busy < last.busy || point.wait < last.wait ||
                           point.completed < last.completed || point.refused < last.refused;
    if (restarted) node.points.clear();
    if (!restarted) node.refused += static_cast<double>(point.refused - last.refused);
  }
  node.points.push_back(point);
  // The oldest point that is still needed is the last one at or before the window's start.
  const double from_s = point.t_s - over_s_ + kScrapeJitter;
  while (node.points.size() > 2 && node.points[1].t_s <= from_s) node.points.pop_front();
  if (counts_the_run()) return judge(sample, node, node.refused);
  if (node.points.size() < 2 || node.points.front().t_s > from_s) return std::nullopt;
  const auto value = value_between(node, node.points.front(), point);
  if (!value) return std::nullopt;
  return judge(sample, node, *value);
}

}  // namespace tidemark::drive
