#include "scenarios/search/run_search.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "engine/drive/wakeful_core.h"
#include "scenarios/search/idle_nodes.h"

namespace tidemark::search {
namespace {

constexpr std::uint64_t kProbesPerSeed = 1000;  // seeds of neighbouring searches do not meet
constexpr auto kIdleWithin = std::chrono::seconds(30);

drive::RunOptions run_of(const RunSearchOptions& options, const Probe& probe) {
  drive::RunOptions run = options.run;
  const Rate rate = Rate::per_second(probe.rate);
  const auto length =
      std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(probe.settle_s + probe.longest_s));
  // Whatever curve, model or further load the file has: one rate takes their place.
  schedule::Load load;
  load.arrivals = run.scenario.load.arrivals;
  load.flows = run.scenario.load.flows;
  load.connections = run.scenario.load.connections;
  load.grace = run.scenario.load.grace;
  load.stages = {{rate, rate, length}};
  run.scenario.load = std::move(load);
  run.scenario.further_loads.clear();
  run.scenario.thresholds.clear();
  run.run_id.clear();
  run.kind = "search";
  run.seed = options.run.seed * kProbesPerSeed + static_cast<std::uint64_t>(probe.number);
  run.out_dir = options.dir / fmt::format("probe-{:02}", probe.number);
  run.extra_manifest["search"] = {{"probe", probe.number}, {"purpose", probe.purpose}, {"rate", probe.rate}};
  run.slow_us = std::llround(options.search.slo.limit_us);
  if (options.probe_progress) {
    run.progress = [&options, &probe](const drive::Progress& progress) { options.probe_progress(probe, progress); };
  }
  return run;
}

bool by_signal(const Summary& summary) {
  return summary.stop_reason == "interrupted" || summary.stop_reason == "terminated";
}

// nullopt: stopped by a signal.
Result<std::optional<ProbeOutcome>> perform(const RunSearchOptions& options, const Probe& probe) {
  SloWatch watch(options.search.slo, probe);
  std::string ended;
  auto run = run_of(options, probe);
  run.end_when = [&](const drive::Progress& progress) { return ended = watch.second(progress); };
  const auto dir = run.out_dir;
  const auto summary = drive::run(std::move(run));
  if (!summary) return tl::make_unexpected(summary.error());
  if (by_signal(*summary)) return std::nullopt;
  if (!summary->stop_reason.empty() && summary->stop_reason != ended) {
    return fail(ExitCode::gate_failed, dir.string(), "the run stopped itself: " + summary->stop_reason);
  }
  ProbeOutcome outcome = watch.outcome();
  outcome.validity = summary->validity;
  outcome.reasons = summary->validity_reasons;
  outcome.dir = dir.string();
  return outcome;
}

std::filesystem::path nearest_probe(const std::vector<Search::Taken>& taken, double rate) {
  std::filesystem::path nearest;
  double least = std::numeric_limits<double>::infinity();
  for (const auto& one : taken) {
    const double off = std::abs(one.outcome.probe.rate - rate);
    if (rate <= 0 || !one.evidence || !one.outcome.breach.empty() || off >= least) continue;
    least = off;
    nearest = one.outcome.dir;
  }
  return nearest;
}

}  // namespace

Result<SearchOutcome> run_search(const RunSearchOptions& options) {
  const drive::WakefulCore awake(options.run.cpu);
  Search search(options.search);
  auto next = search.first();
  while (const auto* probe = std::get_if<Probe>(&next)) {
    const Probe current = *probe;
    auto outcome = perform(options, current);
    if (!outcome) return tl::make_unexpected(outcome.error());
    const auto stopped = [&] { return !*outcome || (options.run.stop_signal && options.run.stop_signal->load() != 0); };
    if (!stopped()) {
      if (auto idle = wait_until_idle(options.run.nodes, kIdleWithin, options.run.stop_signal); !idle) {
        return tl::make_unexpected(idle.error());
      }
    }
    if (stopped())
      return SearchOutcome{
          .result = {.kind = "stopped", .step = {}, .notes = {}}, .taken = search.taken(), .nearest = {}};
    next = search.step(**outcome);
    if (options.after_probe) options.after_probe(search.taken().back());
  }
  SearchOutcome outcome{.result = std::get<SearchResult>(next), .taken = search.taken(), .nearest = {}};
  outcome.nearest = nearest_probe(outcome.taken, outcome.result.rate);
  return outcome;
}

}  // namespace tidemark::search
