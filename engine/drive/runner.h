// Runs a scenario: paces arrivals, sends, measures three clocks, keeps two books, judges its own validity, writes the
// run directory. run() blocks; stop() may be called from any thread or signal handler.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/progress.h"
#include "engine/core/summary.h"
#include "engine/observe/scraper.h"
#include "engine/schedule/arrivals.h"
#include "engine/schedule/scenario.h"
#include "engine/traffic/shadow_tag.h"
#include "engine/traffic/target_policy.h"

namespace tidemark::drive {

using Progress = tidemark::Progress;

struct RunOptions {
  schedule::Scenario scenario;                // target set
  std::optional<schedule::LogReplay> replay;  // instead of the scenario's own arrivals
  std::filesystem::path out_dir;              // created
  std::uint64_t seed = 1;
  schedule::Partition partition;  // this process's share of the schedule, when several run it together
  Nanos spin{};                   // before each planned instant the worker polls for so long instead of sleeping
  std::string kind = "run";       // manifest "kind": "run" | "calibration" | "verify"
  nlohmann::json extra_manifest = nlohmann::json::object();  // "topology", "plan", ... merged into the manifest
  std::vector<observe::ScrapeTarget> nodes;                  // scraped each second
  std::optional<traffic::TagSigner> signer;                  // tag every request; else "x-shadow" is not sent
  traffic::TargetPolicy targets;                             // what is allowed besides loopback
  std::string run_id;                                        // 16 hex digits; empty: drawn
  int cpu = -1;  // pin the worker and the scraper to this core; -1: not pinned
  // Once a second, on the recorder's thread: must not wait for anybody (engine/live/feed.h hands it on).
  std::function<void(const Progress&)> progress;
  std::int64_t slow_us = 0;  // StepProgress::slow counts the responses above it; 0: none
  // Once a second, after `progress`. An answer that is not empty ends the sending at once, as the run's stop reason;
  // requests under way are waited for as after a signal.
  std::function<std::string(const Progress&)> end_when;
  // Runs after the load, before the summary is written: the audit. Appends leaks to the summary.
  std::function<void(Summary&)> audit;
  const std::atomic<int>* stop_signal = nullptr;  // non-zero: stop as for that signal
};

// The summary of a finished (or interrupted) run; Errors are configuration, refused target, environment, or a record
// that could not be written.
Result<Summary> run(RunOptions options);

}  // namespace tidemark::drive
