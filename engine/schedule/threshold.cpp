#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

const std::vector<std::string> kClocks = {"response", "service", "lag"};
const std::vector<std::string> kMetrics = {"response", "service", "lag", "failed_ratio", "achieved_rate"};
const std::vector<std::string> kStatistics = {"p50", "p90", "p95", "p99", "p999", "max", "mean"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> parse_ratio(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value) return std::nullopt;
  const double ratio = percent ? *value / 100 : *value;
  return ratio >= 0 && ratio <= 1 ? std::optional(ratio) : std::nullopt;
}

// The limit in the metric's own unit, or what it should look like.
tl::expected<double, std::string> parse_limit(const std::string& metric, std::string_view text) {
  if (metric == "failed_ratio") {
    if (const auto ratio = parse_ratio(text)) return *ratio;
    return tl::make_unexpected(fmt::format("'{}' must be a ratio from 0 to 1, as in 0.001 or 0.1%", text));
  }
  if (metric == "achieved_rate") {
    const auto rate = parse_number(text);
    if (rate && *rate >= 0) return *rate;
    return tl::make_unexpected(fmt::format("'{}' must be a number of requests a second", text));
  }
  const auto duration = parse_duration(text);
  if (duration && *duration >= Nanos{}) return to_micros(*duration);
  return tl::make_unexpected(fmt::format("'{}' must be a duration with its unit, as in 86ms", text));
}

}  // namespace

Result<Threshold> parse_threshold(const std::string& expression) {
  const auto refuse = [&](std::string what) {
    return fail(ExitCode::usage, fmt::format("threshold '{}'", expression), std::move(what));
  };
  // The comparison stands outside the braces: a step's name may hold "<".
  const std::size_t close = expression.find('}');
  const std::size_t compare = expression.find_first_of("<>", close == std::string::npos ? 0 : close);
  if (compare == std::string::npos) return refuse("needs '<' or '>', as in response.p99 < 86ms");
  if (expression.compare(compare + 1, 1, "=") == 0) return refuse("write '<' or '>'");
  Threshold threshold;
  threshold.expression = expression;
  threshold.below = expression[compare] == '<';
  const std::string_view left = trimmed(std::string_view(expression).substr(0, compare));
  threshold.metric = left.substr(0, left.find_first_of("{."));
  if (std::ranges::find(kMetrics, threshold.metric) == kMetrics.end()) {
    return refuse(fmt::format("'{}' is none of {}{}", threshold.metric, fmt::join(kMetrics, ", "),
                              did_you_mean(threshold.metric, kMetrics)));
  }
  std::string_view rest = left.substr(threshold.metric.size());
  const bool clock = std::ranges::find(kClocks, threshold.metric) != kClocks.end();
  if (!clock && !rest.empty()) return refuse(fmt::format("{} stands alone, without '{}'", threshold.metric, rest));
  if (rest.starts_with('{')) {
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos || end == 1)
      return refuse("needs a step's name in braces, as in response{browse}.p99");
    threshold.step = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  }
  if (clock) {
    const std::string statistic(rest.starts_with('.') ? rest.substr(1) : rest);
    if (!rest.starts_with('.') || std::ranges::find(kStatistics, statistic) == kStatistics.end()) {
      return refuse(fmt::format("{} needs one of .{}{}", threshold.metric, fmt::join(kStatistics, ", ."),
                                did_you_mean(statistic, kStatistics)));
    }
    threshold.statistic = statistic;
  }
  const auto limit = parse_limit(threshold.metric, trimmed(std::string_view(expression).substr(compare + 1)));
  if (!limit) return refuse(limit.error());
  threshold.limit = *limit;
  return threshold;
}

std::vector<Threshold> read_thresholds(ValueReader& reader, const YamlNode& node, const std::vector<Flow>& flows) {
  std::vector<Threshold> thresholds;
  if (!reader.is_sequence(node, "thresholds", kMostEntries)) return thresholds;
  std::vector<std::string> steps;
  for (const Flow& flow : flows) {
    for (const Step& step : flow.steps) steps.push_back(step.name);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string field = fmt::format("thresholds[{}]", i);
    const Line line = node.items[i]->line;
    const auto text = reader.text(*node.items[i], field);
    if (!text) continue;
    const auto threshold = parse_threshold(*text);
    if (!threshold) {
      reader.problem(line, field, fmt::format("'{}': {}", *text, threshold.error().what));
      continue;
    }
    if (!threshold->step.empty() && !steps.empty() && std::ranges::find(steps, threshold->step) == steps.end()) {
      reader.problem(line, field,
                     fmt::format("no step is named '{}'{}", threshold->step, reader.hint(threshold->step, steps)));
    }
    thresholds.push_back(*threshold);
  }
  return thresholds;
}

}  // namespace tidemark::schedule
