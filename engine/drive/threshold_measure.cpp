#include "engine/drive/threshold_measure.h"

#include <algorithm>
#include <chrono>

#include "engine/schedule/threshold_metrics.h"

namespace tidemark::drive {
namespace {

constexpr double kWholeSecond = 0.9;  // a shorter rest at the end of the sending phase is no window

double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

const Histogram& clock_of(const SeriesStats& series, const std::string& metric) {
  return metric == "service" ? series.service : metric == "lag" ? series.lag : series.response;
}

std::optional<double> clock_value(const std::string& statistic, const Histogram& clock) {
  if (clock.total() == 0) return std::nullopt;
  if (statistic == "mean") return clock.mean();
  if (statistic == "max") return static_cast<double>(clock.max());
  return static_cast<double>(clock.quantile(schedule::quantile_of_statistic(statistic)));
}

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return ratio(part, whole);
}

std::optional<double> per_second(std::uint64_t count, double seconds) {
  if (seconds <= 0) return std::nullopt;
  return static_cast<double>(count) / seconds;
}

std::int64_t whole_seconds(Nanos duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

void MeasuredSlice::add(const MeasuredSlice& later) {
  end_s = later.end_s;
  sending_s += later.sending_s;
  if (later.clock.total() > 0) clock.add(later.clock);
  ok += later.ok;
  failed += later.failed;
  timed_out += later.timed_out;
  checks_failed += later.checks_failed;
  ended_sending += later.ended_sending;
  planned_requests += later.planned_requests;
  dropped += later.dropped;
  errors += later.errors;
  in_flight = std::max(in_flight, later.in_flight);
}

std::optional<double> value_of(const schedule::Threshold& threshold, const MeasuredSlice& slice) {
  const std::string& metric = threshold.metric;
  if (!threshold.statistic.empty()) return clock_value(threshold.statistic, slice.clock);
  if (metric == "failed_ratio") return share(slice.failed + slice.timed_out, slice.ended());
  if (metric == "checks") return share(slice.ok, slice.ok + slice.checks_failed);
  if (metric == "achieved_rate") return per_second(slice.ended_sending, slice.sending_s);
  if (metric == "offered_rate") return per_second(slice.planned_requests, slice.sending_s);
  if (metric == "achieved_ratio") return share(slice.ended_sending, slice.planned_requests);
  if (metric == "errors") return static_cast<double>(slice.errors);
  if (metric == "timed_out") return static_cast<double>(slice.timed_out);
  if (metric == "in_flight") return static_cast<double>(slice.in_flight);
  return static_cast<double>(slice.dropped);
}

ThresholdMeasure::ThresholdMeasure(const schedule::Threshold& threshold, ThresholdScope scope)
    : metric_(threshold.metric),
      kind_(threshold.kind),
      clock_(!threshold.statistic.empty()),
      after_s_(to_seconds(threshold.after)),
      scope_(std::move(scope)) {
  const std::int64_t seconds = std::max<std::int64_t>(whole_seconds(threshold.over), 1);
  seconds_per_slice_ = (seconds + kMostSlices - 1) / kMostSlices;
  slices_per_window_ = static_cast<std::size_t>((seconds + seconds_per_slice_ - 1) / seconds_per_slice_);
}

void ThresholdMeasure::add_series(const SeriesStats& series, bool sending, MeasuredSlice& slice) const {
  const RequestBook& counts = series.counts;
  slice.ok += counts.ok;
  slice.failed += counts.failed;
  slice.timed_out += counts.timed_out;
  slice.checks_failed += series.checks_failed;
  slice.in_flight += counts.in_flight;
  if (sending) slice.ended_sending += counts.ok + counts.failed + counts.timed_out;
  if (clock_ && clock_of(series, metric_).total() > 0) slice.clock.add(clock_of(series, metric_));
}

MeasuredSlice ThresholdMeasure::slice_of(const IntervalStats& second, const SeriesStats& total) const {
  MeasuredSlice slice;
  slice.end_s = static_cast<double>(second.end_ns) * 1e-9;
  if (second.sending) slice.sending_s = static_cast<double>(second.end_ns - second.start_ns) * 1e-9;
  if (scope_.everything) {
    add_series(total, second.sending, slice);
  } else {
    for (const std::uint32_t index : scope_.series) add_series(second.series[index], second.sending, slice);
  }
  slice.planned_requests = second.planned_requests;
  slice.dropped = second.flows.dropped;
  slice.errors = slice.failed + slice.timed_out;
  if (kind_.empty()) return slice;
  slice.errors = 0;
  for (const auto& [kind, count] : second.errors) {
    if (schedule::matches_pattern(kind_, kind)) slice.errors += count;
  }
  return slice;
}

bool ThresholdMeasure::second(const IntervalStats& second, const SeriesStats& total) {
  if (static_cast<double>(second.start_ns) * 1e-9 < after_s_ - 1e-9) return false;
  MeasuredSlice slice = slice_of(second, total);
  whole_.add(slice);
  if (clock_ && slices_per_window_ == 1) batches_.add(slice.clock);
  if (slice.sending_s < kWholeSecond) return false;
  if (slices_per_window_ == 1) {
    window_ = std::move(slice);
    return true;
  }
  current_.add(slice);
  if (++seconds_in_current_ < seconds_per_slice_) return false;
  slices_.push_back(std::exchange(current_, MeasuredSlice{}));
  seconds_in_current_ = 0;
  if (slices_.size() < slices_per_window_) return false;
  window_ = MeasuredSlice{};
  for (const auto& one : slices_) window_.add(one);
  slices_.pop_front();
  return true;
}

}  // namespace tidemark::drive
