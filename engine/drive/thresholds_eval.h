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

// A share of requests, "failed_ratio" or "checks": Wilson's interval. None of them: undecided.
ThresholdResult evaluate_ratio(const schedule::Threshold& threshold, std::uint64_t part, std::uint64_t whole);

// D above, for tests.
double variance_inflation(const MeasuredClock& measured, double quantile);

}  // namespace tidemark::drive
