// Judges a scenario's thresholds on what a run measured: value, two-sided 95 % interval, verdict. An interval that
// straddles the limit is "undecided": the run was too short, or too noisy, to say. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/core/outcome.h"
#include "engine/core/summary.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

// One clock of one step over the run: everything, and the same cut into consecutive batches of equal length.
struct MeasuredClock {
  Histogram all;
  std::vector<Histogram> batches;
};

// Quantiles: the order-statistics interval, its ranks from Wilson's score interval of the quantile's level at the
// effective sample size n / D. D >= 1 is the variance inflation of the count below the quantile between neighbouring
// batches (von Neumann's successive differences, so that a planned change of load is not taken for noise), by at least
// 4 batches, with Student's t for few of them. The upper end is open while quantile^(n / D) > 2.5 %: then the threshold
// cannot pass. Mean: batch means. Max: exact.
ThresholdResult evaluate_clock(const schedule::Threshold& threshold, const MeasuredClock& measured);

// "failed_ratio": failed and timed out among the ended requests; Wilson's interval. Nothing ended: undecided.
ThresholdResult evaluate_failed_ratio(const schedule::Threshold& threshold, const RequestBook& requests);

// "achieved_rate" is what the run did, not an estimate: no interval.
ThresholdResult evaluate_rate(const schedule::Threshold& threshold, double achieved_per_second);

// The level of a statistic: "p99" -> 0.99, "p999" -> 0.999; -1 for "max" and "mean".
double quantile_level(const std::string& statistic);

// D above, for tests.
double variance_inflation(const MeasuredClock& measured, double quantile);

}  // namespace tidemark::drive
