#include "engine/drive/recorder.h"

#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/drive/exchange.h"
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

ValiditySample validity_sample(const IntervalStats& interval, double steal_share, MachineMonitor& machine) {
  const auto length = static_cast<double>(interval.end_ns - interval.start_ns);
  const auto around = machine.since_last(length * 1e-9);
  return {.length_s = length * 1e-9,
          .sends = interval.self.sends,
          .late_sends = interval.self.late_sends,
          .cpu_share = std::min(1.0, static_cast<double>(interval.self.cpu_ns) / length),
          .run_queue_share = std::min(1.0, static_cast<double>(interval.self.run_queue_ns) / length),
          .steal_share = steal_share,
          .no_descriptor = interval.self.no_descriptor,
          .no_port = interval.self.no_port,
          .held_back = interval.self.held_back,
          .throttled_share = around.throttled_share,
          .memory_stall_share = around.memory_stall_share,
          .available_bytes = around.available_bytes,
          .total_bytes = around.total_bytes};
}

}  // namespace

Recorder::Recorder(RecorderOptions options, record::RunWriter& writer, Mailbox& mailbox)
    : options_(std::move(options)),
      writer_(writer),
      mailbox_(mailbox),
      progress_({.run_id = options_.run_id,
                 .title = options_.title,
                 .series = options_.series,
                 .duration_s = options_.duration_s,
                 .slow_us = options_.slow_us}),
      second_(empty_interval(options_)),
      window_(empty_interval(options_)) {
  totals_.whole = empty_interval(options_);
}

void Recorder::run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread, and those it starts
  std::optional<observe::Scraper> scraper;
  if (!options_.nodes.empty()) scraper.emplace(options_.nodes, options_.start, sinks());
  StealMonitor steal(options_.cpu);
  MachineMonitor machine;
  steal.since_last();
  for (bool last = false; !last;) {
    auto interval = mailbox_.take();
    last = interval->last;
    if (interval->sending && interval->end_ns > interval->start_ns) {
      totals_.samples.push_back(validity_sample(*interval, steal.since_last(), machine));
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
            stop_by(options_.thresholds->sample(sample));
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
  write_failures(interval);
  second_.add(interval);
  window_.add(interval);
  if (interval.sending) {
    const RequestBook book = interval.book();
    totals_.ended_while_sending += book.ok + book.failed + book.timed_out;
  }
  if (interval.ends_window) end_window();
  if (interval.ends_second) end_second(interval.last);
}

// Copies, since the interval goes back to the worker: there are few in a run.
void Recorder::write_failures(const IntervalStats& interval) {
  static const schedule::Secrets kNone;
  for (Exchange exchange : interval.failures) {
    read_raw(exchange);
    scrub(exchange, options_.secrets != nullptr ? *options_.secrets : kNone);
    writer_.failure(to_json(exchange));
  }
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
  stop_by(options_.thresholds->second(second_, total));
  totals_.whole.add(second_);
  show_progress(total);
  const std::int64_t end = second_.end_ns;
  second_.clear();
  second_.start_ns = end;
}

// The rule is written down when it acts, so that the record of a run that is killed afterwards has it too.
void Recorder::stop_by(const std::optional<StoppedBy>& rule) {
  if (!rule) return;
  options_.end_sending();
  writer_.event(to_seconds(Clock::now() - options_.start), "stop",
                {{"reason", reason_of(*rule)},
                 {"rule", rule->rule},
                 {"where", rule->where},
                 {"value", rule->value},
                 {"limit", rule->limit},
                 {"intervals", rule->intervals},
                 {"interval_end_s", rule->t_s}});
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
