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
#include "engine/drive/control_socket.h"
#include "engine/drive/kafka_channel.h"
#include "engine/drive/recorder.h"
#include "engine/drive/run_phases.h"
#include "engine/drive/run_schedule.h"
#include "engine/drive/threshold_watch.h"
#include "engine/drive/worker.h"
#include "engine/record/node_summary.h"
#include "engine/schedule/value_reader.h"

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
        {"spin", schedule::format_duration(options.spin)},
        {"tagged", options.signer.has_value()}}}};
  if (options.partition.count > 1) {
    manifest["generator"]["partition"] = {{"index", options.partition.index}, {"count", options.partition.count}};
  }
  if (options.replay) {
    manifest["replay"] = {{"malformed", options.replay->malformed},
                          {"skipped_methods", options.replay->skipped_methods},
                          {"reordered", options.replay->reordered},
                          {"first_malformed", options.replay->first_malformed}};
  }
  manifest.update(options.extra_manifest);
  return manifest;
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

// The probes are in nanoseconds.
Quantiles in_micros(Quantiles nanos) {
  for (double* value : {&nanos.p50, &nanos.p90, &nanos.p95, &nanos.p99, &nanos.p999, &nanos.max, &nanos.mean})
    *value /= 1000;
  return nanos;
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
  summary.timer_floor_us = in_micros(quantiles_of(totals.whole.timer_floor));
  summary.overflowed = totals.whole.self.overflow;
  for (std::size_t i = 0; i < plan.series.size(); ++i) {
    summary.by_step[plan.series[i]] = {.requests = totals.whole.series[i].counts,
                                       .clocks = clocks_of(totals.whole.series[i])};
  }
  summary.retried = totals.whole.retried;
  summary.notes = notes_on(options.scenario, plan);
  summary.notes.insert(summary.notes.end(), schedule.notes.begin(), schedule.notes.end());
  for (const auto& [group, times] : totals.whole.groups) {
    if (times.total() > 0) summary.by_group[plan.groups.at(group)] = quantiles_of(times);
  }
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
  if (!totals.ended_early.empty()) summary.stop_reason = totals.ended_early;
  if (worker.ended_by_control()) summary.stop_reason = "stopped by tidemark ctl";
  if (!totals.problem.empty()) summary.stop_reason = totals.problem;
  return summary;
}

void decide(Summary& summary, const ThresholdWatch& watch, const RunTotals& totals) {
  summary.thresholds = watch.results(summary);
  if (const auto rule = watch.stopped_by()) {
    summary.stopped_by = rule->rule;
    if (summary.stop_reason.empty()) summary.stop_reason = reason_of(*rule);
  }
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
  // A rule has written its own line when it acted.
  if (!summary.stop_reason.empty() && summary.stopped_by.empty())
    writer.event(summary.duration_s, "stop", {{"reason", summary.stop_reason}});
}

// Requests a second at the schedule's highest planned rate, whatever kind of load it comes from: of its stages, of the
// ends of its ramps, and of any stretch of a second (or of a hundred-thousandth of a long run). A Poisson second may
// hold more, which the limit then clips.
Rate planned_peak(const RunOptions& options, const RunSchedule& schedule) {
  if (!schedule.open) return {};
  constexpr std::int64_t kMostStretches = 100'000;
  double flows_per_second = 0, steps = 0, weights = 0;
  for (const auto& stage : schedule.stages) flows_per_second = std::max(flows_per_second, stage.rate.per_second());
  for (const schedule::Load* load : options.scenario.loads()) {
    for (const auto& stage : load->stages) {
      flows_per_second = std::max({flows_per_second, stage.from.per_second(), stage.to.per_second()});
    }
  }
  const Nanos stretch = std::max<Nanos>(std::chrono::seconds(1), schedule.open_duration / kMostStretches);
  for (Nanos from{}; from < schedule.open_duration; from += stretch) {
    const double planned =
        schedule.arrivals->expected_before(from + stretch) - schedule.arrivals->expected_before(from);
    flows_per_second = std::max(flows_per_second, planned / to_seconds(stretch));
  }
  for (const auto& flow : options.scenario.flows) {
    steps += flow.weight * static_cast<double>(flow.steps.size());
    weights += flow.weight;
  }
  return Rate::per_second(weights > 0 ? flows_per_second * steps / weights : flows_per_second);
}

// An approval counts for all targets together, loopback included: what it is tried on is what it will do.
std::uint32_t most_per_second(const traffic::TargetPolicy& targets) {
  return targets.approval ? static_cast<std::uint32_t>(targets.approval->max_rate.per_second()) : 0;
}

// Of all loads together; 0: as many as the machine allows, if any load leaves it open.
std::uint32_t wanted_connections(const schedule::Scenario& scenario) {
  std::uint64_t sum = 0;
  for (const schedule::Load* load : scenario.loads()) {
    if (load->connections == 0) return 0;
    sum += load->connections;
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, 0xffff'ffff));
}

WorkerOptions worker_options(const RunOptions& options, RunSchedule& schedule, std::uint32_t connections, Instant start,
                             ControlBox& control) {
  return {.scenario = &options.scenario,
          .logged_targets = options.replay ? &options.replay->targets : nullptr,
          .arrivals = std::move(schedule.arrivals),
          .users = std::move(schedule.users),
          .stages = schedule.stages,
          .duration = schedule.open_duration,
          .grace = schedule.grace,
          .spin = options.spin,
          .control = &control,
          .connections = connections,
          .most_waiting = kMostWaiting,
          .most_per_second = most_per_second(options.targets),
          .seed = options.seed,
          .run_id = options.run_id,
          .start = start,
          .stop_signal = options.stop_signal,
          .tagged = options.signer.has_value()};
}

std::vector<std::pair<std::string, std::string>> names_of(const std::vector<observe::ScrapeTarget>& nodes) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& node : nodes) names.emplace_back(node.node, node.service);
  return names;
}

}  // namespace

Result<Summary> run(RunOptions options) {
  if (options.run_id.empty()) options.run_id = drawn_run_id();
  if (auto loaded = load_replay(options); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  auto schedule = make_schedule(options);
  if (!schedule) return tl::make_unexpected(std::move(schedule.error()));
  auto phases = RunPhases::prepare(options);
  if (!phases) return tl::make_unexpected(std::move(phases.error()));
  auto plan = phases->compile();
  if (!plan) return tl::make_unexpected(std::move(plan.error()));
  if (auto rate = traffic::check_planned_rate(planned_peak(options, *schedule), options.targets); !rate) {
    return tl::make_unexpected(std::move(rate.error()));
  }
  auto scopes = threshold_scopes(options.scenario.thresholds, *plan, options.scenario, names_of(options.nodes));
  if (!scopes) return tl::make_unexpected(std::move(scopes.error()));
  ThresholdWatch watch(options.scenario.thresholds, std::move(*scopes));
  const auto connections =
      connection_limit(wanted_connections(options.scenario), options.nodes.size(), machine_limits());
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

  if (auto done = phases->set_up(); !done) return tl::make_unexpected(std::move(done.error()));
  if (phases->has_set_up()) plan = phases->compile();
  if (!plan) return tl::make_unexpected(std::move(plan.error()));

  const Instant start = Clock::now() + kStartUp;
  auto writer = record::RunWriter::create(options.out_dir, manifest_of(options, *plan, start, *connections));
  if (!writer) return tl::make_unexpected(std::move(writer.error()));
  const bool fine = plan->series.size() <= kFineSeries;
  Mailbox mailbox(plan->series.size(), fine ? 3 : 2, !fine);
  ControlBox control;
  auto control_socket = ControlSocket::open(options.out_dir, control);
  if (!control_socket) return tl::make_unexpected(std::move(control_socket.error()));
  WorkerOptions for_worker = worker_options(options, *schedule, *connections, start, control);
  for_worker.script = phases->script();
  Worker worker(std::move(for_worker), *plan, std::move(*loop), mailbox);
  Recorder recorder({.run_id = options.run_id,
                     .title = options.scenario.name,
                     .series = plan->series,
                     .digits = fine ? 3 : 2,
                     .separate_total = !fine,
                     .stages = schedule->stages,
                     .thresholds = &watch,
                     .nodes = options.nodes,
                     .start = start,
                     .duration_s = to_seconds(schedule->duration),
                     .cpu = options.cpu,
                     .secrets = &phases->secrets(),
                     .progress = options.progress,
                     .slow_us = options.slow_us,
                     .end_when = options.end_when,
                     .end_sending = [&worker] { worker.end_early(); },
                     .stop_worker = [&worker] { worker.stop_now(); }},
                    **writer, mailbox);
  std::thread recording([&recorder] { recorder.run(); });
  std::thread working([&worker] { worker.run(); });
  working.join();
  recording.join();
  control_socket->reset();  // the record holds files only
  const std::string left_behind = phases->tear_down();

  const RunTotals& totals = recorder.results();
  if (totals.write_error) return tl::make_unexpected(*totals.write_error);
  Summary summary = summarise(options, *plan, totals, *schedule, worker);
  if (auto checked = check_books(summary, worker); !checked) return tl::make_unexpected(std::move(checked.error()));
  if (options.audit) options.audit(summary);
  decide(summary, watch, totals);
  announce_end(**writer, summary);
  if (!left_behind.empty()) (*writer)->event(summary.duration_s, "teardown", {{"problem", left_behind}});
  if (auto finished = (*writer)->finish(summary); !finished) return tl::make_unexpected(std::move(finished.error()));
  return summary;
}

}  // namespace tidemark::drive
