#include "engine/schedule/threshold_metrics.h"

#include <algorithm>
#include <array>

namespace tidemark::schedule {
namespace {

using Unit = ThresholdMetric::Unit;

constexpr std::array kMetrics = {
    ThresholdMetric{.name = "response", .unit = Unit::duration, .clock = true, .by_step = true},
    ThresholdMetric{.name = "service", .unit = Unit::duration, .clock = true, .by_step = true},
    ThresholdMetric{.name = "lag", .unit = Unit::duration, .clock = true, .by_step = true},
    ThresholdMetric{.name = "failed_ratio", .unit = Unit::ratio, .by_step = true},
    ThresholdMetric{.name = "checks", .unit = Unit::ratio, .by_step = true},
    ThresholdMetric{.name = "achieved_rate", .unit = Unit::rate, .by_step = true},
    ThresholdMetric{.name = "offered_rate", .unit = Unit::rate},
    ThresholdMetric{.name = "achieved_ratio", .unit = Unit::ratio},
    ThresholdMetric{.name = "errors", .unit = Unit::count, .by_step = true, .by_kind = true},
    ThresholdMetric{.name = "timed_out", .unit = Unit::count, .by_step = true},
    ThresholdMetric{.name = "in_flight", .unit = Unit::count, .by_step = true},
    ThresholdMetric{.name = "dropped", .unit = Unit::count},
};

constexpr std::array kNodeStatistics = {
    NodeStatistic{"busy", Unit::ratio},  NodeStatistic{"cpu", Unit::ratio},     NodeStatistic{"wait", Unit::duration},
    NodeStatistic{"queue", Unit::count}, NodeStatistic{"refused", Unit::count}, NodeStatistic{"missed", Unit::count},
};

}  // namespace

std::span<const ThresholdMetric> threshold_metrics() {
  return kMetrics;
}

const ThresholdMetric* find_threshold_metric(std::string_view name) {
  const auto* const found = std::ranges::find(kMetrics, name, &ThresholdMetric::name);
  return found == kMetrics.end() ? nullptr : found;
}

std::span<const NodeStatistic> node_statistics() {
  return kNodeStatistics;
}

double quantile_of_statistic(std::string_view statistic) {
  if (statistic.size() < 3 || statistic.size() > 6 || statistic.front() != 'p') return -1;
  double level = 0, scale = 1;
  for (const char digit : statistic.substr(1)) {
    if (digit < '0' || digit > '9') return -1;
    scale /= 10;
    level += (digit - '0') * scale;
  }
  return level > 0 ? level : -1;
}

bool matches_pattern(std::string_view pattern, std::string_view value) {
  if (!pattern.ends_with('*')) return pattern == value;
  return value.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace tidemark::schedule
