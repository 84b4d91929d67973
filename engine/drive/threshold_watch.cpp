#include "engine/drive/threshold_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/drive/thresholds_eval.h"

namespace tidemark::drive {
namespace {

using schedule::Threshold;

// Thresholds of one key share a measure.
std::string key_of(const Threshold& threshold) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", threshold.metric, threshold.step, threshold.flow, threshold.group,
                     threshold.kind, threshold.over.count(), threshold.after.count());
}

// Counts only grow: what they have come to decides, not what one second added.
bool is_running_total(const Threshold& threshold) {
  return threshold.over <= Nanos{} &&
         (threshold.metric == "errors" || threshold.metric == "timed_out" || threshold.metric == "dropped");
}

bool is_met(const Threshold& threshold, double value) {
  return threshold.below ? value < threshold.limit : value > threshold.limit;
}

// What was, not an estimate: no interval.
ThresholdResult exact_result(const Threshold& threshold, std::optional<double> value) {
  ThresholdResult result{.expression = threshold.expression,
                         .limit = threshold.limit,
                         .value = value.value_or(0),
                         .value_low = value.value_or(0),
                         .value_high = value.value_or(0),
                         .verdict = "undecided"};
  if (value) result.verdict = is_met(threshold, *value) ? "pass" : "fail";
  return result;
}

std::optional<double> summarys_own(const Threshold& threshold, const Summary& summary) {
  if (threshold.after > Nanos{} || !threshold.step.empty() || !threshold.flow.empty() || !threshold.group.empty()) {
    return std::nullopt;
  }
  if (threshold.metric == "achieved_rate") return summary.achieved_rate;
  if (threshold.metric == "offered_rate") return summary.offered_rate;
  return std::nullopt;
}

bool is_duration(const std::string& rule) {
  const bool wait = rule.starts_with("node") && rule.find(".wait") != std::string::npos;
  return wait || rule.starts_with("response") || rule.starts_with("service") || rule.starts_with("lag");
}

}  // namespace

std::string reason_of(const StoppedBy& stopped) {
  const std::string value =
      is_duration(stopped.rule) ? fmt::format("{:.4g} ms", stopped.value / 1000) : fmt::format("{:.4g}", stopped.value);
  return fmt::format("{}: broken in {} interval{} in a row, the last with {}{}", stopped.rule, stopped.intervals,
                     stopped.intervals == 1 ? "" : "s", value, stopped.where.empty() ? "" : " at " + stopped.where);
}

ThresholdWatch::ThresholdWatch(std::vector<Threshold> thresholds, std::vector<ThresholdScope> scopes) {
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    Rule rule{.threshold = std::move(thresholds[i])};
    if (rule.threshold.metric == "node") {
      rule.node = std::make_unique<NodeRule>(rule.threshold);
    } else {
      const auto [found, added] = known.try_emplace(key_of(rule.threshold), measures_.size());
      if (added) measures_.emplace_back(rule.threshold, std::move(scopes[i]));
      rule.measure = found->second;
    }
    rules_.push_back(std::move(rule));
  }
}

std::optional<StoppedBy> ThresholdWatch::stop(const Rule& rule, const std::string& where, double value, double t_s,
                                              std::uint32_t intervals) {
  if (!rule.threshold.abort || intervals < rule.threshold.for_intervals || stopped_by_) return std::nullopt;
  stopped_by_ = StoppedBy{.rule = rule.threshold.expression,
                          .where = where,
                          .value = value,
                          .limit = rule.threshold.limit,
                          .t_s = t_s,
                          .intervals = intervals};
  return stopped_by_;
}

std::optional<StoppedBy> ThresholdWatch::judge_window(Rule& rule, const ThresholdMeasure& measure) {
  const bool total = is_running_total(rule.threshold);
  const auto value = value_of(rule.threshold, total ? measure.whole() : measure.window());
  if (!value) return std::nullopt;  // an interval in which nothing ended says nothing
  rule.broken_in_a_row = is_met(rule.threshold, *value) ? 0 : rule.broken_in_a_row + 1;
  const bool worse = !rule.worst || (rule.threshold.below ? *value > *rule.worst : *value < *rule.worst);
  if (worse) {
    rule.worst = value;
    rule.worst_t_s = measure.window().end_s;
  }
  return stop(rule, "", *value, measure.window().end_s, rule.broken_in_a_row);
}

std::optional<StoppedBy> ThresholdWatch::second(const IntervalStats& second, const SeriesStats& total) {
  const std::lock_guard lock(mutex_);
  std::vector<bool> windows;
  for (auto& measure : measures_) windows.push_back(measure.second(second, total));
  std::optional<StoppedBy> stopped;
  for (Rule& rule : rules_) {
    if (rule.node || !windows[rule.measure]) continue;
    if (auto now = judge_window(rule, measures_[rule.measure])) stopped = std::move(now);
  }
  return stopped;
}

std::optional<StoppedBy> ThresholdWatch::sample(const WatermarkSample& sample) {
  const std::lock_guard lock(mutex_);
  std::optional<StoppedBy> stopped;
  for (Rule& rule : rules_) {
    if (!rule.node) continue;
    const auto value = rule.node->sample(sample);
    if (!value) continue;
    if (auto now = stop(rule, value->node, value->value, value->t_s, value->broken_in_a_row)) stopped = std::move(now);
  }
  return stopped;
}

ThresholdResult ThresholdWatch::result_of(const Rule& rule, const Summary& summary) const {
  const Threshold& threshold = rule.threshold;
  if (rule.node) {
    const auto& worst = rule.node->worst();
    ThresholdResult result = exact_result(threshold, worst ? std::optional(worst->value) : std::nullopt);
    if (worst) {
      result.where = worst->node;
      result.at_s = worst->t_s;
    }
    return result;
  }
  if (threshold.over > Nanos{}) {
    ThresholdResult result = exact_result(threshold, rule.worst);
    if (rule.worst) result.at_s = rule.worst_t_s;
    return result;
  }
  const ThresholdMeasure& measure = measures_[rule.measure];
  const MeasuredSlice& whole = measure.whole();
  if (!threshold.statistic.empty()) {
    return evaluate_clock(threshold, {.all = whole.clock, .batches = measure.batches()});
  }
  if (threshold.metric == "failed_ratio") {
    return evaluate_ratio(threshold, whole.failed + whole.timed_out, whole.ended());
  }
  if (threshold.metric == "checks") return evaluate_ratio(threshold, whole.ok, whole.ok + whole.checks_failed);
  const auto own = summarys_own(threshold, summary);
  return exact_result(threshold, own ? own : value_of(threshold, whole));
}

std::vector<ThresholdResult> ThresholdWatch::results(const Summary& summary) const {
  const std::lock_guard lock(mutex_);
  std::vector<ThresholdResult> results;
  for (const Rule& rule : rules_) {
    ThresholdResult& result = results.emplace_back(result_of(rule, summary));
    // What ended the run was broken, whatever the run as a whole came to.
    if (stopped_by_ && rule.threshold.abort && rule.threshold.expression == stopped_by_->rule) result.verdict = "fail";
  }
  return results;
}

std::optional<StoppedBy> ThresholdWatch::stopped_by() const {
  const std::lock_guard lock(mutex_);
  return stopped_by_;
}

}  // namespace tidemark::drive
