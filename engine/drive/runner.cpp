#include "engine/drive/runner.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sys/random.h>
#include <algorithm>
#include <cassert>
#include <csignal>
#include <ctime>
#include <thread>

#include "engine/core/trace_id.h"
#include "engine/drive/connection_limit.h"
#include "engine/drive/kafka_channel.h"
#include "engine/drive/recorder.h"
#include "engine/drive/run_schedule.h"
#include "engine/drive/thresholds_eval.h"
#include "engine/drive/worker.h"
#include "engine/record/node_summary.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kFineSeries = 32;             // up to so many series have three digits each
constexpr std::uint64_t kMostWaiting = 256 * 1024;  // flows in the queue beyond the connections: about 64 MiB
constexpr auto kStartUp =
    std::chrono::milliseconds(50);  // from the anchor to the run's instant zero: threads start meanwhile
constexpr auto kReachable = std::chrono::seconds(5);

// The calling thread, and the threads it starts, on one core until the end of the scope.
class CorePin {
 public:
  explicit CorePin(int core) {
    if (core < 0 || pthread_getaffinity_np(pthread_self(), sizeof(before_), &before_) != 0) return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(core), &only);
    pinned_ = pthread_setaffinity_np(pthread_self(), sizeof(only), &only) == 0;
  }
  ~CorePin() {
    if (pinned_) pthread_setaffinity_np(pthread_self(), sizeof(before_), &before_);
  }
  CorePin(const CorePin&) = delete;
  CorePin& operator=(const CorePin&) = delete;
  bool pinned() const { return pinned_; }

 private:
  cpu_set_t before_{};
  bool pinned_ = false;
};

std::string drawn_run_id() {
  std::uint64_t id = 0;
  if (getrandom(&id, sizeof(id), 0) != sizeof(id))
    id = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  return hex16(id);
}

std::string iso_time(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

nlohmann::json manifest_of(const RunOptions& options, const RequestPlan& plan, Instant start,
                           std::uint32_t connections) {
  // One anchor: the run's instant zero on both clocks.
  const auto wall_now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t wall_ns = (std::chrono::duration_cast<Nanos>(wall_now) + (start - Clock::now())).count();
  utsname machine{};
  uname(&machine);
  nlohmann::json manifest = {
      {"schema", "tidemark.manifest/1"},
      {"run_id", options.run_id},
      {"kind", options.kind},
      {"tidemark_version", TIDEMARK_VERSION},
      {"started_at", iso_time(wall_ns)},
      {"seed", options.seed},
      {"clock", {{"monotonic_ns", start.time_since_epoch().count()}, {"wall_ns", wall_ns}}},
      {"host",
       {{"name", machine.nodename}, {"cores", std::thread::hardware_concurrency()}, {"kernel", machine.release}}},
      {"scenario", schedule::to_json(options.scenario)},
      {"steps", plan.series},
      {"generator",
       {{"connections", connections},
        {"queue", kMostWaiting},
        {"core", options.cpu},
        {"tagged", options.signer.has_value()}}}};
  if (options.replay) {
    manifest["replay"] = {{"malformed", options.replay->malformed},
                          {"skipped_methods", options.replay->skipped_methods},
                          {"reordered", options.replay->reordered},
                          {"first_malformed", options.replay->first_malformed}};
  }
  manifest.update(options.extra_manifest);
  return manifest;
}

ThresholdResult evaluate(const schedule::Threshold& threshold, const Summary& summary, const RunTotals& totals) {
  if (threshold.metric == "achieved_rate") return evaluate_rate(threshold, summary.achieved_rate);
  if (threshold.metric == "failed_ratio") {
    const auto step = summary.by_step.find(threshold.step);
    if (threshold.step.empty()) return evaluate_failed_ratio(threshold, summary.requests);
    return evaluate_failed_ratio(threshold, step == summary.by_step.end() ? RequestBook{} : step->second.requests);
  }
  MeasuredClock measured;
  const auto history = totals.batches.find({threshold.metric, threshold.step});
  if (history != totals.batches.end()) measured.batches = history->second.batches();
  for (const auto& batch : measured.batches) measured.all.add(batch);
  return evaluate_clock(threshold, measured);
}

ThreeClocks clocks_of(const SeriesStats& series) {
  return {.response_us = quantiles_of(series.response),
          .service_us = quantiles_of(series.service),
          .lag_us = quantiles_of(series.lag)};
}

std::vector<std::string> notes_on(const schedule::Scenario& scenario, const RequestPlan& plan) {
  const bool tls =
      std::any_of(plan.origins.begin(), plan.origins.end(), [](const Origin& origin) { return origin.tls != nullptr; });
  if (tls && !scenario.tls.verify) return {"certificates were not verified (tls.verify is false)"};
  return {};
}

// From the books to the verdict, but for what the audit adds.
Summary summarise(const RunOptions& options, const RequestPlan& plan, const RunTotals& totals,
                  const RunSchedule& schedule, const Worker& worker) {
  Summary summary;
  summary.run_id = options.run_id;
  const SeriesStats all = totals.whole.sum();
  summary.duration_s = static_cast<double>(totals.whole.end_ns) * 1e-9;
  summary.flows = totals.whole.flows;
  summary.requests = all.counts;
  const double sending_s = static_cast<double>(worker.sending_ns()) * 1e-9;
  if (sending_s > 0) {
    summary.offered_rate = static_cast<double>(totals.whole.planned_requests) / sending_s;
    summary.achieved_rate = static_cast<double>(totals.ended_while_sending) / sending_s;
  }
  summary.clocks = clocks_of(all);
  for (std::size_t i = 0; i < plan.series.size(); ++i) {
    summary.by_step[plan.series[i]] = {.requests = totals.whole.series[i].counts,
                                       .clocks = clocks_of(totals.whole.series[i])};
  }
  summary.retried = totals.whole.retried;
  summary.notes = notes_on(options.scenario, plan);
  summary.errors.insert(totals.whole.errors.begin(), totals.whole.errors.end());
  auto nodes = record::summarise_nodes(totals.watermarks);
  summary.nodes = std::move(nodes.nodes);
  summary.first_saturated = std::move(nodes.first_saturated);
  const Validity validity =
      judge_validity({.open_model = schedule.open,
                      .samples = totals.samples,
                      .dropped = summary.flows.dropped,
                      .planned = summary.flows.planned,
                      .worst_lateness_ms = static_cast<double>(totals.whole.self.worst_lateness_ns) * 1e-6});
  summary.validity = validity.word;
  summary.validity_reasons = validity.reasons;
  if (worker.stopped_by() != 0) summary.stop_reason = worker.stopped_by() == SIGTERM ? "terminated" : "interrupted";
  if (!totals.problem.empty()) summary.stop_reason = totals.problem;
  return summary;
}

void decide(Summary& summary, const RunOptions& options, const RunTotals& totals) {
  for (const auto& threshold : options.scenario.thresholds)
    summary.thresholds.push_back(evaluate(threshold, summary, totals));
  const auto any = [&](const char* verdict) {
    return std::any_of(summary.thresholds.begin(), summary.thresholds.end(),
                       [&](const ThresholdResult& result) { return result.verdict == verdict; });
  };
  const bool failed = any("fail") || !summary.leaks.empty() || !totals.problem.empty();
  summary.verdict = failed ? "fail" : any("undecided") ? "undecided" : "pass";
}

Result<void> check_books(const Summary& summary, const Worker& worker) {
  const auto& requests = worker.requests();
  const auto& flows = worker.flows();
  const bool same = summary.requests.started == requests.started && summary.requests.ok == requests.ok &&
                    summary.requests.in_flight == requests.in_flight && summary.flows.planned == flows.planned &&
                    summary.flows.completed == flows.completed;
  assert(same && summary.flows.balances() && summary.requests.balances());
  if (same && summary.flows.balances() && summary.requests.balances()) return {};
  return fail(ExitCode::internal, "books", "the books of flows and requests do not balance", "report this as a bug");
}

void announce_end(record::RunWriter& writer, const Summary& summary) {
  for (const auto& reason : summary.validity_reasons) {
    writer.event(summary.duration_s, "validity", {{"validity", summary.validity}, {"reason", reason}});
  }
  if (!summary.stop_reason.empty()) writer.event(summary.duration_s, "stop", {{"reason", summary.stop_reason}});
}

WorkerOptions worker_options(const RunOptions& options, RunSchedule& schedule, std::uint32_t connections,
                             Instant start) {
  return {.scenario = &options.scenario,
          .logged_targets = options.replay ? &options.replay->targets : nullptr,
          .arrivals = std::move(schedule.arrivals),
          .stages = schedule.stages,
          .duration = schedule.duration,
          .connections = connections,
          .most_waiting = kMostWaiting,
          .seed = options.seed,
          .run_id = options.run_id,
          .start = start,
          .stop_signal = options.stop_signal,
          .tagged = options.signer.has_value()};
}

}  // namespace

Result<Summary> run(RunOptions options) {
  if (options.run_id.empty()) options.run_id = drawn_run_id();
  if (auto loaded = load_replay(options); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  auto schedule = make_schedule(options);
  if (!schedule) return tl::make_unexpected(std::move(schedule.error()));
  auto plan = RequestPlan::compile({.scenario = options.scenario,
                                    .replay = options.replay.has_value(),
                                    .signer = options.signer ? &*options.signer : nullptr,
                                    .run_id = options.run_id});
  if (!plan) return tl::make_unexpected(std::move(plan.error()));
  const auto connections = connection_limit(options.scenario.load.connections, options.nodes.size(), machine_limits());
  if (!connections) return tl::make_unexpected(connections.error());
  for (const auto& origin : plan->origins) {
    auto reachable = check_reachable(origin, std::min<Nanos>(options.scenario.timeout, kReachable));
    if (reachable && origin.protocol == schedule::Protocol::kafka) reachable = check_brokers(origin, kReachable);
    if (!reachable) return tl::make_unexpected(std::move(reachable.error()));
  }
  auto loop = EventLoop::create();
  if (!loop) return tl::make_unexpected(std::move(loop.error()));
  const CorePin pin(options.cpu);
  if (options.cpu >= 0 && !pin.pinned()) {
    return fail(ExitCode::usage, "--cpu", "this process may not run on core " + std::to_string(options.cpu));
  }

  const Instant start = Clock::now() + kStartUp;
  auto writer = record::RunWriter::create(options.out_dir, manifest_of(options, *plan, start, *connections));
  if (!writer) return tl::make_unexpected(std::move(writer.error()));
  const bool fine = plan->series.size() <= kFineSeries;
  Mailbox mailbox(plan->series.size(), fine ? 3 : 2, !fine);
  Worker worker(worker_options(options, *schedule, *connections, start), *plan, std::move(*loop), mailbox);
  Recorder recorder({.series = plan->series,
                     .digits = fine ? 3 : 2,
                     .separate_total = !fine,
                     .stages = schedule->stages,
                     .thresholds = options.scenario.thresholds,
                     .nodes = options.nodes,
                     .start = start,
                     .duration_s = to_seconds(schedule->duration),
                     .cpu = options.cpu,
                     .progress = options.progress,
                     .stop_worker = [&worker] { worker.stop_now(); }},
                    **writer, mailbox);
  std::thread recording([&recorder] { recorder.run(); });
  std::thread working([&worker] { worker.run(); });
  working.join();
  recording.join();

  const RunTotals& totals = recorder.results();
  if (totals.write_error) return tl::make_unexpected(*totals.write_error);
  Summary summary = summarise(options, *plan, totals, *schedule, worker);
  if (auto checked = check_books(summary, worker); !checked) return tl::make_unexpected(std::move(checked.error()));
  if (options.audit) options.audit(summary);
  decide(summary, options, totals);
  announce_end(**writer, summary);
  if (auto finished = (*writer)->finish(summary); !finished) return tl::make_unexpected(std::move(finished.error()));
  return summary;
}

}  // namespace tidemark::drive
