#include "engine/drive/interval_stats.h"

#include <algorithm>

namespace tidemark::drive {
namespace {

void clear_series(SeriesStats& series) {
  if (series.active() || series.response.total() > 0) {
    series.response.reset();
    series.service.reset();
    series.lag.reset();
  }
  series.counts = {};
  series.checks_failed = 0;
}

void add_counts(RequestBook& into, const RequestBook& later) {
  into.started += later.started;
  into.ok += later.ok;
  into.failed += later.failed;
  into.timed_out += later.timed_out;
  into.in_flight = later.in_flight;
}

void add_clocks(SeriesStats& into, const SeriesStats& later) {
  if (later.response.total() == 0) return;
  into.response.add(later.response);
  into.service.add(later.service);
  into.lag.add(later.lag);
}

void add_flows(FlowBook& into, const FlowBook& later) {
  into.planned += later.planned;
  into.completed += later.completed;
  into.aborted += later.aborted;
  into.dropped += later.dropped;
  into.in_flight = later.in_flight;
}

void add_self(SelfStats& into, const SelfStats& later) {
  into.sends += later.sends;
  into.late_sends += later.late_sends;
  into.worst_lateness_ns = std::max(into.worst_lateness_ns, later.worst_lateness_ns);
  into.cpu_ns += later.cpu_ns;
  into.run_queue_ns += later.run_queue_ns;
  into.no_descriptor += later.no_descriptor;
  into.no_port += later.no_port;
  into.overflow += later.overflow;
  into.held_back += later.held_back;
}

}  // namespace

void IntervalStats::add(const IntervalStats& later) {
  end_ns = later.end_ns;
  sending = later.sending;
  add_flows(flows, later.flows);
  planned_requests += later.planned_requests;
  retried += later.retried;
  for (std::size_t i = 0; i < series.size(); ++i) {
    add_counts(series[i].counts, later.series[i].counts);
    series[i].checks_failed += later.series[i].checks_failed;
    add_clocks(series[i], later.series[i]);
  }
  if (total && later.total) add_clocks(*total, *later.total);
  add_self(self, later.self);
  if (later.timer_floor.total() > 0) timer_floor.add(later.timer_floor);
  for (const auto& [kind, count] : later.errors) {
    const bool room = errors.size() < kMostErrorKinds || errors.count(kind) > 0;
    errors[room ? kind : "other"] += count;
  }
  for (const auto& [group, times] : later.groups) groups.try_emplace(group, 3).first->second.add(times);
  connections = later.connections;
  waiting = later.waiting;
}

RequestBook IntervalStats::book() const {
  RequestBook book;
  for (const auto& one : series) {
    const std::uint64_t in_flight = book.in_flight + one.counts.in_flight;
    add_counts(book, one.counts);
    book.in_flight = in_flight;
  }
  return book;
}

SeriesStats IntervalStats::sum() const {
  SeriesStats all(3);
  all.counts = book();
  for (const auto& one : series) {
    all.checks_failed += one.checks_failed;
    if (!total) add_clocks(all, one);
  }
  if (total) add_clocks(all, *total);
  return all;
}

void IntervalStats::clear() {
  ends_second = ends_window = last = false;
  sending = true;
  flows = {};
  planned_requests = 0;
  retried = 0;
  for (auto& one : series) clear_series(one);
  if (total) clear_series(*total);
  self = {};
  if (timer_floor.total() > 0) timer_floor.reset();
  changes.clear();
  errors.clear();
  failures.clear();
  for (auto& [group, times] : groups) times.reset();
  connections = 0;
  waiting = 0;
}

std::unique_ptr<IntervalStats> Mailbox::empty() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto stats = std::move(free_.back());
      free_.pop_back();
      return stats;
    }
  }
  auto stats = std::make_unique<IntervalStats>();
  stats->series.assign(series_, SeriesStats(digits_));
  if (separate_total_) stats->total = std::make_unique<SeriesStats>(3);
  return stats;
}

void Mailbox::put(std::unique_ptr<IntervalStats> full) {
  const std::lock_guard lock(mutex_);
  full_.push_back(std::move(full));
  filled_.notify_one();
}

std::unique_ptr<IntervalStats> Mailbox::take() {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [this] { return !full_.empty(); });
  auto stats = std::move(full_.front());
  full_.pop_front();
  return stats;
}

void Mailbox::give_back(std::unique_ptr<IntervalStats> used) {
  used->clear();
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(used));
}

}  // namespace tidemark::drive
