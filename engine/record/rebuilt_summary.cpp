// RunRecord::summary(): the totals of a run that did not write its own, from the intervals on disk.
#include <algorithm>
#include <cmath>

#include "engine/record/node_summary.h"
#include "engine/record/run_reader.h"

namespace tidemark::record {
namespace {

constexpr double kSlack = 1e-6;  // seconds: sums of decimal fractions

// Counts add up; the level is that of the last interval.
void accumulate(RequestBook& book, const RequestBook& interval) {
  book.started += interval.started;
  book.ok += interval.ok;
  book.failed += interval.failed;
  book.timed_out += interval.timed_out;
  book.in_flight = interval.in_flight;
}

void accumulate(FlowBook& book, const FlowBook& interval) {
  book.planned += interval.planned;
  book.completed += interval.completed;
  book.aborted += interval.aborted;
  book.dropped += interval.dropped;
  book.in_flight = interval.in_flight;
}

struct ClockHistograms {
  Histogram response, service, lag;
  void add(const WindowRecord& window) {
    response.add(window.response);
    service.add(window.service);
    lag.add(window.lag);
  }
  ThreeClocks quantiles() const { return {quantiles_of(response), quantiles_of(service), quantiles_of(lag)}; }
};

// The end of the last second that both series.ndjson and intervals.hlog hold: after damage one may reach further, and
// counts and clocks must speak of the same requests.
double common_end_s(const RunRecord& record) {
  const auto last_total = std::find_if(record.series.rbegin(), record.series.rend(),
                                       [](const SeriesPoint& point) { return point.step.empty(); });
  if (last_total == record.series.rend() || record.seconds.empty()) return 0;
  double end_s = 0;
  for (const WindowRecord& second : record.seconds) {
    if (second.start_s <= last_total->t_s + kSlack) end_s = std::max(end_s, second.start_s + second.length_s);
  }
  return end_s;
}

void take_events(const RunRecord& record, Summary& summary) {
  for (const EventRecord& event : record.events) {
    const auto text = [&](const char* name) {
      const auto found = event.fields.find(name);
      return found != event.fields.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (event.kind == "stop") {
      summary.stop_reason = text("reason");
      summary.stopped_by = text("rule");
    }
    if (event.kind != "validity") continue;
    summary.validity_reasons.push_back(text("reason"));
    const bool environment = text("validity") == "environment-limited";
    summary.validity = environment ? "environment-limited" : "generator-limited";
  }
}

}  // namespace

Summary RunRecord::summary() const {
  if (stored_summary) {
    Summary summary = *stored_summary;
    summary.partial = partial;
    return summary;
  }
  Summary summary;
  summary.run_id = run_id();
  summary.partial = true;
  summary.verdict = "undecided";
  summary.duration_s = common_end_s(*this);
  for (const SeriesPoint& point : series) {
    if (point.t_s > summary.duration_s - kSlack) continue;
    accumulate(point.step.empty() ? summary.requests : summary.by_step[point.step].requests, point.requests);
    if (point.step.empty()) accumulate(summary.flows, point.flows);
  }
  ClockHistograms total;
  std::map<std::string, ClockHistograms> steps;
  const auto inside = [&](const WindowRecord& window) {
    return window.start_s + window.length_s <= summary.duration_s + kSlack;
  };
  for (const WindowRecord& second : seconds) {
    if (inside(second)) total.add(second);
  }
  for (const WindowRecord& window : windows) {
    if (inside(window)) steps[window.step].add(window);
  }
  summary.clocks = total.quantiles();
  for (const auto& [name, histograms] : steps) summary.by_step[name].clocks = histograms.quantiles();
  if (summary.duration_s > 0) {
    const RequestBook& book = summary.requests;
    summary.offered_rate = static_cast<double>(book.started) / summary.duration_s;
    summary.achieved_rate = static_cast<double>(book.ok + book.failed + book.timed_out) / summary.duration_s;
  }
  NodeSummaries summaries = summarise_nodes(watermarks);
  summary.nodes = std::move(summaries.nodes);
  summary.first_saturated = std::move(summaries.first_saturated);
  take_events(*this, summary);
  return summary;
}

}  // namespace tidemark::record
