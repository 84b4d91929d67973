#include "engine/drive/recorder.h"

#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/drive/self_monitor.h"

namespace tidemark::drive {
namespace {

constexpr int kNice = 5;  // behind the worker where they share a core

IntervalStats empty_interval(const RecorderOptions& options) {
  IntervalStats stats;
  stats.series.assign(options.series.size(), SeriesStats(options.digits));
  if (options.separate_total) stats.total = std::make_unique<SeriesStats>(3);
  return stats;
}

double seconds(std::int64_t nanos) {
  return static_cast<double>(nanos) * 1e-9;
}

record::StepInterval step_interval(const std::string& name, const SeriesStats& series) {
  return {.step = name,
          .requests = series.counts,
          .response = series.response,
          .service = series.service,
          .lag = series.lag};
}

const Histogram& clock_of(const SeriesStats& series, const std::string& metric) {
  return metric == "service" ? series.service : metric == "lag" ? series.lag : series.response;
}

}  // namespace

Recorder::Recorder(RecorderOptions options, record::RunWriter& writer, Mailbox& mailbox)
    : options_(std::move(options)),
      writer_(writer),
      mailbox_(mailbox),
      progress_({.run_id = options_.run_id, .title = options_.title, .series = options_.series, .duration_s = options_.duration_s, .slow_us = options_.slow_us}),
      second_(empty_interval(options_)),
      window_(empty_interval(options_)) {
  totals_.whole = empty_interval(options_);
  for (const auto& threshold : options_.thresholds) {
    if (!threshold.statistic.empty()) totals_.batches[{threshold.metric, threshold.step}];
  }
}

void Recorder::run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread, and those it starts
  std::optional<observe::Scraper> scraper;
  if (!options_.nodes.empty()) scraper.emplace(options_.nodes, options_.start, sinks());
  StealMonitor steal(options_.cpu);
  steal.since_last();
  for (bool last = false; !last;) {
    auto interval = mailbox_.take();
    last = interval->last;
    if (interval->sending && interval->end_ns > interval->start_ns) {
      const auto length = static_cast<double>(interval->end_ns - interval->start_ns);
      totals_.samples.push_back(
          {.length_s = length * 1e-9,
           .sends = interval->self.sends,
           .late_sends = interval->self.late_sends,
           .cpu_share = std::min(1.0, static_cast<double>(interval->self.cpu_ns) / length),
           .run_queue_share = std::min(1.0, static_cast<double>(interval->self.run_queue_ns) / length),
           .steal_share = steal.since_last(),
           .no_descriptor = interval->self.no_descriptor,
           .no_port = interval->self.no_port});
    }
    consume(*interval);
    mailbox_.give_back(std::move(interval));
  }
  if (scraper) scraper->stop();
}

observe::Scraper::Sinks Recorder::sinks() {
  return {
      .watermark =
          [this](const WatermarkSample& sample) {
            writer_.watermark(sample);
            progress_.watermark(sample);
            const std::lock_guard lock(scraped_);
            totals_.watermarks.push_back(sample);
          },
      .span = [this](const Span& span) { writer_.span(span); },
      .problem =
          [this](const std::string& node, const std::string& problem) {
            writer_.event(to_seconds(Clock::now() - options_.start), "problem", {{"node", node}, {"problem", problem}});
            {
              const std::lock_guard lock(scraped_);
              if (totals_.problem.empty()) totals_.problem = problem;
            }
            options_.stop_worker();
          }};
}

void Recorder::consume(const IntervalStats& interval) {
  announce_stages(interval.end_ns);
  for (const LoadChange& change : interval.changes) note_change(change);
  second_.add(interval);
  window_.add(interval);
  if (interval.sending) {
    const RequestBook book = interval.book();
    totals_.ended_while_sending += book.ok + book.failed + book.timed_out;
  }
  if (interval.ends_window) end_window();
  if (interval.ends_second) end_second(interval.last);
}

void Recorder::announce_stages(std::int64_t until_ns) {
  for (; next_stage_ < options_.stages.size(); ++next_stage_) {
    const auto& stage = options_.stages[next_stage_];
    const std::int64_t start = clock_.to_run(stage.start.count());
    if (start >= until_ns) return;
    writer_.event(seconds(start), "stage",
                  {{"index", next_stage_},
                   {"start_s", seconds(start)},
                   {"end_s", seconds(clock_.to_run(stage.end.count()))},
                   {"rate", stage.rate.per_second() * clock_.speed()}});
  }
}

void Recorder::note_change(const LoadChange& change) {
  nlohmann::json fields = {
      {"what", change.what}, {"factor", change.factor}, {"planned_s", seconds(clock_.to_plan(change.at_ns))}};
  if (change.end_ns != LoadClock::kNever) {
    fields["end_s"] = seconds(change.end_ns);
    options_.duration_s = seconds(change.end_ns);
  }
  writer_.event(seconds(change.at_ns), "control", fields);
  clock_.set_speed(change.at_ns, change.speed);
}

void Recorder::end_window() {
  std::vector<record::StepInterval> steps;
  for (std::size_t i = 0; i < window_.series.size(); ++i) {
    if (window_.series[i].response.total() > 0) steps.push_back(step_interval(options_.series[i], window_.series[i]));
  }
  if (!steps.empty()) writer_.window(seconds(window_.start_ns), seconds(window_.end_ns - window_.start_ns), steps);
  const std::int64_t end = window_.end_ns;
  window_.clear();
  window_.start_ns = end;
}

void Recorder::end_second(bool last) {
  const SeriesStats total = second_.sum();
  // The run rarely ends on a whole second; a rest in which nothing happened is no line.
  if (!last || total.response.total() > 0 || second_.flows.planned > 0) {
    std::vector<record::StepInterval> steps;
    for (std::size_t i = 0; i < second_.series.size(); ++i) {
      if (second_.series[i].active()) steps.push_back(step_interval(options_.series[i], second_.series[i]));
    }
    writer_.second({.start_s = seconds(second_.start_ns),
                    .length_s = seconds(second_.end_ns - second_.start_ns),
                    .flows = second_.flows,
                    .total = step_interval("", total)},
                   steps);
  }
  if (auto sealed = writer_.seal(); !sealed && !totals_.write_error) {
    totals_.write_error = sealed.error();
    options_.stop_worker();
  }
  keep_batches(total);
  totals_.whole.add(second_);
  show_progress(total);
  const std::int64_t end = second_.end_ns;
  second_.clear();
  second_.start_ns = end;
}

void Recorder::keep_batches(const SeriesStats& total) {
  for (auto& [key, history] : totals_.batches) {
    const auto& [metric, step] = key;
    const auto series = std::find(options_.series.begin(), options_.series.end(), step);
    if (step.empty()) {
      history.add(clock_of(total, metric));
    } else if (series != options_.series.end()) {
      history.add(clock_of(second_.series[static_cast<std::size_t>(series - options_.series.begin())], metric));
    }
  }
}

void Recorder::show_progress(const SeriesStats& total) {
  if ((!options_.progress && !options_.end_when) || second_.end_ns <= second_.start_ns) return;
  const double steal_share = totals_.samples.empty() ? 0 : totals_.samples.back().steal_share;
  const Progress progress = progress_.second(second_, total, totals_.whole, steal_share);
  if (options_.progress) options_.progress(progress);
  if (!options_.end_when || !progress.sending || !totals_.ended_early.empty()) return;
  totals_.ended_early = options_.end_when(progress);
  if (!totals_.ended_early.empty()) options_.end_sending();
}

}  // namespace tidemark::drive
