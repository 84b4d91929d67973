// What a threshold may speak of: the table behind the grammar of docs/thresholds.md. Constant; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::schedule {

struct ThresholdMetric {
  enum class Unit { duration, ratio, rate, count };
  std::string_view name;
  Unit unit = Unit::count;
  bool clock = false;    // needs a statistic: .p99, .max, .mean
  bool by_step = false;  // takes {STEP}, {step=...}, {flow=...}, {group=...}
  bool by_kind = false;  // takes {kind=...}
};

// Every metric but "node".
std::span<const ThresholdMetric> threshold_metrics();
// Null when there is none of that name.
const ThresholdMetric* find_threshold_metric(std::string_view name);

struct NodeStatistic {
  std::string_view name;
  ThresholdMetric::Unit unit = ThresholdMetric::Unit::ratio;
};
// "busy", "cpu", "wait", "queue", "refused", "missed".
std::span<const NodeStatistic> node_statistics();

// "p99" -> 0.99, "p999" -> 0.999; -1 for anything that is not "p" and 2 to 5 digits other than zeros.
double quantile_of_statistic(std::string_view statistic);

// The value names `pattern`, or matches it where it ends in "*".
bool matches_pattern(std::string_view pattern, std::string_view value);

}  // namespace tidemark::schedule
