#include "scenarios/shop/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/drive/wakeful_core.h"
#include "engine/record/run_reader.h"
#include "models/capacity/fit.h"
#include "scenarios/shop/audit.h"
#include "scenarios/shop/supervisor.h"

namespace tidemark::shop {
namespace {

namespace fs = std::filesystem;

constexpr Rate kPilotRate = Rate::per_second(60);
constexpr std::chrono::seconds kPilot{6};
// Shares of the bottleneck's capacity: the low ones give the response without waiting, those around the knee give the
// shape of the wait, the last one shows the ceiling.
constexpr std::array kStageShares{0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 1.08};
constexpr int kAttempts = 3;
constexpr double kLoadedShare = 0.5;  // a service busier than this at the highest stage is scaled with the bottleneck

struct Part {  // one run against one freshly started stack
  std::string name;
  std::string kind;
  std::map<std::string, std::uint32_t> nodes;
  std::vector<schedule::Stage> stages;
  std::vector<schedule::Threshold> thresholds;
  std::uint64_t seed = 1;
  fs::path limits_file;
};

void say(const RehearsalOptions& options, const std::string& line) {
  if (options.say) options.say(line);
}

Error stopped(const Summary& summary) {
  if (summary.stop_reason == "interrupted" || summary.stop_reason == "terminated") {
    return {summary.stop_reason == "terminated" ? ExitCode::terminated : ExitCode::interrupted, "rehearsal",
            "stopped by a signal; the finished parts are kept", ""};
  }
  return {ExitCode::gate_failed, "rehearsal", "the run stopped itself: " + summary.stop_reason, ""};
}

void run_audit(const StackInfo& info, Summary& summary) {
  const auto result = audit(info);
  if (!result) {
    summary.validity = "environment-limited";
    summary.validity_reasons.push_back("the audit could not read a store: " + result.error().message());
    return;
  }
  summary.audited = true;
  summary.leaks.insert(summary.leaks.end(), result->leaks.begin(), result->leaks.end());
}

Result<Summary> run_part(const RehearsalOptions& options, const Part& part) {
  Supervisor::Options stack_options{.topology = options.topology,
                                    .dir = options.dir / (part.name + "-stack"),
                                    .limits_file = part.limits_file,
                                    .binary = {}};
  // Service times of its own for each part: with one seed for all, the first node would draw the same times in every
  // calibration, and three of them would know the tail no better than one.
  stack_options.topology.seed = part.seed;
  for (const auto& [service, count] : part.nodes) stack_options.topology.services[service].nodes = count;
  auto stack = Supervisor::start(stack_options);
  if (!stack) return tl::make_unexpected(stack.error());
  const StackInfo info = (*stack)->info();

  drive::RunOptions run;
  run.scenario = options.scenario;
  run.scenario.target = info.edge_url;
  run.scenario.load = {};
  run.scenario.further_loads.clear();
  run.scenario.load.stages = part.stages;
  run.scenario.thresholds = part.thresholds;
  run.out_dir = options.dir / part.name;
  run.seed = part.seed;
  run.kind = part.kind;
  run.extra_manifest["topology"] = info.topology_yaml;
  run.nodes = info.nodes;
  run.signer = traffic::TagSigner(info.tag_key);
  run.cpu = options.generator_cpu;
  run.progress = options.progress;
  run.audit = [&info](Summary& summary) { run_audit(info, summary); };
  run.stop_signal = options.stop_signal;
  // The generator's core only: on the stack's, the spinner delayed now and then a node that woke (docs/decisions.md).
  const drive::WakefulCore awake(options.generator_cpu);
  auto summary = drive::run(std::move(run));
  const auto deaths = (*stack)->deaths();
  (*stack)->stop();
  if (!summary) return summary;
  if (!deaths.empty()) return fail(ExitCode::environment, part.name, "a node died: " + deaths.front());
  if (!summary->stop_reason.empty()) return tl::make_unexpected(stopped(*summary));
  if (!summary->leaks.empty()) {
    return fail(ExitCode::gate_failed, part.name,
                "leak: " + summary->leaks.front().where + ": " + summary->leaks.front().what);
  }
  return summary;
}

// What the pilot measured: slot-seconds per flow of each service, and the slots of one node of it.
struct PilotReading {
  double busy_per_flow = 0;
  double workers = 0;
};

Result<std::map<std::string, PilotReading>> read_pilot(const fs::path& dir) {
  const auto record = record::read_run(dir);
  if (!record) return tl::make_unexpected(record.error());
  std::map<std::string, std::pair<const WatermarkSample*, const WatermarkSample*>> ends;  // node -> first, last sample
  for (const auto& sample : record->watermarks) {
    if (sample.missed) continue;
    auto& [first, last] = ends.try_emplace(sample.node, &sample, &sample).first->second;
    last = &sample;
  }
  const double flows = static_cast<double>(record->summary().flows.completed);
  if (flows < 1) return fail(ExitCode::invalid_measurement, dir.string(), "the pilot completed no flow");
  std::map<std::string, PilotReading> readings;
  for (const auto& [node, samples] : ends) {
    auto& reading = readings[samples.first->service];
    reading.busy_per_flow += (samples.second->busy_seconds - samples.first->busy_seconds) / flows;
    reading.workers = samples.second->workers;
  }
  return readings;
}

double capacity_of(const PilotReading& reading) {
  if (reading.workers <= 0 || reading.busy_per_flow <= 0) return HUGE_VAL;
  return reading.workers / reading.busy_per_flow;
}

// Flow rate at which one node of the tightest service that scales out is full.
Result<double> bottleneck_capacity(const std::map<std::string, PilotReading>& pilot) {
  double least = HUGE_VAL;
  for (const auto& [service, reading] : pilot) {
    if (!is_store(service)) least = std::min(least, capacity_of(reading));
  }
  if (!std::isfinite(least)) {
    return fail(ExitCode::invalid_measurement, "pilot", "no service reported busy workers",
                "check that the nodes' /watermark answers");
  }
  return least;
}

std::map<std::string, std::uint32_t> calibration_nodes(const std::map<std::string, PilotReading>& pilot,
                                                       double capacity, std::uint32_t count) {
  const double highest_rate = capacity * count * kStageShares.back();
  std::map<std::string, std::uint32_t> nodes;
  for (const auto& [service, reading] : pilot) {
    if (is_store(service)) continue;
    nodes[service] = highest_rate / capacity_of(reading) > kLoadedShare ? count : 1;
  }
  return nodes;
}

// A run that another process's turn on the core has spoilt is made again, so that one busy moment does not cost the
// rehearsal. Every attempt is kept under a name of its own; `part` is left with the last one's.
Result<Summary> run_until_valid(const RehearsalOptions& options, Part& part) {
  const std::string name = part.name;
  for (int attempt = 1;; ++attempt) {
    auto summary = run_part(options, part);
    if (!summary || summary->validity == "valid") return summary;
    const std::string reason = summary->validity_reasons.empty() ? "" : ": " + summary->validity_reasons.front();
    if (attempt == kAttempts) {
      return fail(ExitCode::invalid_measurement, (options.dir / part.name).string(),
                  fmt::format("{} in each of {} attempts{}", summary->validity, kAttempts, reason),
                  "run it on a quieter machine; nothing is fitted to an invalid run");
    }
    say(options, fmt::format("{} was {}{}; measuring again", part.name, summary->validity, reason));
    part.name = fmt::format("{}-attempt-{}", name, attempt + 1);
  }
}

Result<fs::path> calibrate_at(const RehearsalOptions& options, const std::map<std::string, PilotReading>& pilot,
                              double capacity, std::uint32_t count) {
  Part part{.name = fmt::format("calibration-{}", count), .kind = "calibration", .seed = options.seed * 100 + count};
  part.nodes = calibration_nodes(pilot, capacity, count);
  for (const double share : kStageShares) {
    const Rate rate = Rate::per_second(std::round(capacity * count * share));
    part.stages.push_back({rate, rate, options.stage});
  }
  const auto summary = run_until_valid(options, part);
  if (!summary) return tl::make_unexpected(summary.error());
  std::string loaded;
  for (const auto& [service, nodes] : part.nodes) {
    if (nodes == count && !is_store(service) && count > 1) loaded += (loaded.empty() ? "" : ", ") + service;
  }
  say(options, fmt::format("calibrated {} node{} {}: {:.0f} to {:.0f} flows/s, {} requests, first saturated: {}", count,
                           count == 1 ? "" : "s", loaded.empty() ? "each" : "of " + loaded,
                           part.stages.front().from.per_second(), part.stages.back().from.per_second(),
                           summary->requests.ok, summary->first_saturated.empty() ? "none" : summary->first_saturated));
  return options.dir / part.name;
}

std::vector<schedule::Threshold> slo_thresholds(const capacity::Plan& plan) {
  std::vector<schedule::Threshold> thresholds;
  for (const auto& step : plan.predicted) {
    const double percent = plan.request.slo.quantile * 100;
    const std::string statistic = percent > 99.5 ? "p999" : fmt::format("p{:.0f}", percent);
    const auto parsed = schedule::parse_threshold(
        fmt::format("response{{{}}}.{} < {:.0f}us", step.step, statistic, plan.request.slo.limit_us));
    if (parsed) thresholds.push_back(*parsed);
  }
  return thresholds;
}

}  // namespace

bool is_store(const std::string& service) {
  return service == "store" || service == "cache" || service == "events" || service == "registry";
}

std::map<std::string, std::uint32_t> planned_nodes(const capacity::Plan& plan, bool one_less) {
  std::map<std::string, std::uint32_t> nodes;
  for (const auto& [service, counts] : plan.services) {
    nodes[service] = counts.nodes_before_headroom - (one_less && service == plan.bottleneck ? 1 : 0);
  }
  return nodes;
}

Result<std::vector<fs::path>> calibrate(const RehearsalOptions& options) {
  Part pilot_part{.name = "pilot", .kind = "pilot", .seed = options.seed * 100};
  pilot_part.stages.push_back({kPilotRate, kPilotRate, kPilot});
  for (const auto& [service, topology] : options.topology.services) {
    if (!is_store(service)) pilot_part.nodes[service] = 1;
  }
  const auto pilot_summary = run_part(options, pilot_part);
  if (!pilot_summary) return tl::make_unexpected(pilot_summary.error());
  const auto pilot = read_pilot(options.dir / pilot_part.name);
  if (!pilot) return tl::make_unexpected(pilot.error());
  const auto capacity = bottleneck_capacity(*pilot);
  if (!capacity) return tl::make_unexpected(capacity.error());
  say(options, fmt::format("pilot: one node each carries about {:.0f} flows/s", *capacity));

  std::vector<fs::path> runs;
  for (std::uint32_t count = 1; count <= 3; ++count) {
    auto run = calibrate_at(options, *pilot, *capacity, count);
    if (!run) return tl::make_unexpected(run.error());
    runs.push_back(*run);
  }
  return runs;
}

Result<std::vector<fs::path>> calibration_runs(const fs::path& dir) {
  std::vector<fs::path> runs;
  for (int count = 1; count <= 3; ++count) {
    fs::path last;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      const auto run =
          dir / (fmt::format("calibration-{}", count) + (attempt > 1 ? fmt::format("-attempt-{}", attempt) : ""));
      if (fs::exists(run)) last = run;
    }
    if (last.empty()) {
      return fail(ExitCode::usage, dir.string(), fmt::format("holds no calibration-{}", count),
                  "name the folder of an earlier tidemark demo");
    }
    runs.push_back(last);
  }
  return runs;
}

Result<VerifyOutcome> verify_plan(const RehearsalOptions& options, const capacity::Plan& plan,
                                  const std::vector<capacity::PredictedStep>& predicted,
                                  const std::map<std::string, std::uint32_t>& nodes, bool one_less,
                                  const fs::path& limits_file) {
  const Rate rate = Rate::per_second(plan.request.rate);
  VerifyOutcome outcome;
  std::vector<record::RunRecord> runs;  // all of them count: an extension adds to what was measured before
  auto measured = std::chrono::seconds::zero();
  for (int extension = 0; extension <= options.doublings; ++extension) {
    const auto duration = extension == 0 ? options.verification : measured;
    Part part{.name = std::string(one_less ? "verify-one-less" : "verify") +
                      (extension > 0 ? fmt::format("-longer-{}", extension) : ""),
              .kind = "verify",
              .nodes = nodes,
              .seed = options.seed * 100 + (one_less ? 20 : 10) + 1 + static_cast<std::uint64_t>(extension),
              .limits_file = limits_file};
    part.stages.push_back({rate, rate, duration});
    if (!one_less) part.thresholds = slo_thresholds(plan);
    auto summary = run_until_valid(options, part);
    if (!summary) return tl::make_unexpected(summary.error());
    auto record = record::read_run(options.dir / part.name);
    if (!record) return tl::make_unexpected(record.error());
    runs.push_back(std::move(*record));
    auto verification = capacity::verify(plan, predicted, runs, one_less);
    if (!verification) return tl::make_unexpected(verification.error());
    verification->nodes = nodes;
    outcome = {std::move(*verification), std::move(*summary), options.dir / part.name};
    measured += duration;
    if (outcome.verification.verdict != "undecided") break;
    // An interval that straddles the limit is given as much time again.
    if (extension < options.doublings) {
      say(options, fmt::format("undecided after {} s: measuring for as long again", measured.count()));
    }
  }
  return outcome;
}

}  // namespace tidemark::shop
