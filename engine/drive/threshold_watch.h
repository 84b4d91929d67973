// Follows a scenario's thresholds through a run: second by second on what the generator measured, sample by sample on
// what the nodes said, and says when a rule ends the run. Thread-safe: the recorder and the scraper call it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"
#include "engine/drive/interval_stats.h"
#include "engine/drive/node_rule.h"
#include "engine/drive/request_plan.h"
#include "engine/drive/threshold_measure.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

// A rule that ended the run.
struct StoppedBy {
  std::string rule;   // the threshold as written
  std::string where;  // node, for a rule on watermarks; else empty
  double value = 0, limit = 0;
  double t_s = 0;               // the end of the interval that was one too many
  std::uint32_t intervals = 0;  // broken in so many in a row
};
// "response.p99 < 86ms: broken in 3 intervals in a row, the last with 120.4 ms"
std::string reason_of(const StoppedBy& stopped);

// What each threshold's braces stand for. Exit 2 for a step, flow or group that the scenario does not have and for a
// node that is not scraped, all of them at once. `nodes`: names and services.
Result<std::vector<ThresholdScope>> threshold_scopes(const std::vector<schedule::Threshold>& thresholds,
                                                     const RequestPlan& plan, const schedule::Scenario& scenario,
                                                     const std::vector<std::pair<std::string, std::string>>& nodes);

class ThresholdWatch {
 public:
  // `scopes`: of threshold_scopes, one per threshold.
  ThresholdWatch(std::vector<schedule::Threshold> thresholds, std::vector<ThresholdScope> scopes);

  // One second, with the sum over its series. The rule that says stop, once: the first one.
  std::optional<StoppedBy> second(const IntervalStats& second, const SeriesStats& total);
  std::optional<StoppedBy> sample(const WatermarkSample& sample);

  // The verdicts, in the order of the thresholds. The summary's own rates are taken where a threshold asks for them.
  std::vector<ThresholdResult> results(const Summary& summary) const;
  std::optional<StoppedBy> stopped_by() const;

 private:
  struct Rule {
    schedule::Threshold threshold;
    std::size_t measure = 0;
    std::unique_ptr<NodeRule> node;  // a rule on watermarks has this and no measure
    std::uint32_t broken_in_a_row = 0;
    std::optional<double> worst;  // of the windows
    double worst_t_s = 0;
  };
  std::optional<StoppedBy> judge_window(Rule& rule, const ThresholdMeasure& measure);
  std::optional<StoppedBy> stop(const Rule& rule, const std::string& where, double value, double t_s,
                                std::uint32_t intervals);
  ThresholdResult result_of(const Rule& rule, const Summary& summary) const;

  mutable std::mutex mutex_;
  std::vector<ThresholdMeasure> measures_;
  std::vector<Rule> rules_;
  std::optional<StoppedBy> stopped_by_;
};

}  // namespace tidemark::drive
