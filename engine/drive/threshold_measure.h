// What a threshold is judged on: the sums of its metric over one second, over a window of seconds, over the run. One
// owner; engine/drive/threshold_watch.h puts the pieces together.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/drive/batch_history.h"
#include "engine/drive/interval_stats.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

// The series (indices into IntervalStats::series) that a threshold's braces stand for.
struct ThresholdScope {
  bool everything = true;
  std::vector<std::uint32_t> series;  // where not everything
};

// Sums over a stretch of the run.
struct MeasuredSlice {
  double end_s = 0, sending_s = 0;  // when it ends; how much of it lies in the sending phase
  Histogram clock;                  // of the measure's clock, where it has one
  std::uint64_t ok = 0, failed = 0, timed_out = 0, checks_failed = 0;
  std::uint64_t ended_sending = 0, planned_requests = 0, dropped = 0;
  std::uint64_t errors = 0;  // of the measure's kind
  std::uint64_t in_flight = 0;

  void add(const MeasuredSlice& later);
  std::uint64_t ended() const { return ok + failed + timed_out; }
};

// The metric's value in a slice, in the threshold's unit; nullopt when there was nothing to compute it from.
std::optional<double> value_of(const schedule::Threshold& threshold, const MeasuredSlice& slice);

// One metric of one scope: shared by the thresholds that differ only in statistic and limit.
class ThresholdMeasure {
 public:
  // Windows of more seconds than this slide by more than a second: so many slices are kept at most.
  static constexpr std::int64_t kMostSlices = 30;

  ThresholdMeasure(const schedule::Threshold& threshold, ThresholdScope scope);

  // Takes one second. True: window() holds a new window of the sending phase, ending with this second.
  bool second(const IntervalStats& second, const SeriesStats& total);
  const MeasuredSlice& window() const { return window_; }  // the last `over`, or the last second
  const MeasuredSlice& whole() const { return whole_; }
  std::vector<Histogram> batches() const { return batches_.batches(); }

 private:
  MeasuredSlice slice_of(const IntervalStats& second, const SeriesStats& total) const;
  void add_series(const SeriesStats& series, bool sending, MeasuredSlice& slice) const;

  const std::string metric_, kind_;
  const bool clock_;
  const double after_s_;
  const ThresholdScope scope_;
  std::int64_t seconds_per_slice_ = 1;
  std::size_t slices_per_window_ = 1;
  MeasuredSlice current_, window_, whole_;
  std::int64_t seconds_in_current_ = 0;
  std::deque<MeasuredSlice> slices_;
  BatchHistory batches_;
};

}  // namespace tidemark::drive
