// The loop on the bundled stack: calibrate at 1, 2 and 3 nodes, and prove a plan by running it. `tidemark demo` and
// `tidemark verify` are thin over this. Blocking; one at a time per process, because the stack and the generator own
// their cores.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/drive/runner.h"
#include "engine/schedule/scenario.h"
#include "models/capacity/plan.h"
#include "scenarios/shop/topology.h"

namespace tidemark::shop {

struct RehearsalOptions {
  Topology topology;            // node counts and seed are replaced by each part
  schedule::Scenario scenario;  // its flows; load and thresholds are replaced by each part
  std::filesystem::path dir;    // every part writes a folder of its own beneath it
  std::uint64_t seed = 1;
  std::chrono::seconds stage{7};                // length of one calibration stage
  std::chrono::seconds verification{30};        // length of a verification
  int doublings = 1;                            // how many times an undecided one is extended to twice its time
  int generator_cpu = -1;                       // core of the generator and the scraper; -1: not pinned
  std::function<void(const std::string&)> say;  // one line a finished part, for a person; may be empty
  std::function<void(const drive::Progress&)> progress;  // once a second; may be empty
  const std::atomic<int>* stop_signal = nullptr;
};

// Runs the stack at 1, 2 and 3 nodes of every loaded service and loads each from a third of its capacity to past it.
// Where that capacity lies is learnt from a short pilot (busy integrals, utilisation law), never from the topology.
// Returns the run directories, for capacity::fit. Fails with the run's own code when one is invalid, leaks, or is
// interrupted.
Result<std::vector<std::filesystem::path>> calibrate(const RehearsalOptions& options);

// The calibration runs that an earlier rehearsal left in `dir`: of each node count the last attempt. Exit 2 when one is
// missing.
Result<std::vector<std::filesystem::path>> calibration_runs(const std::filesystem::path& dir);

// Starts the stack with `nodes` per service (others as the topology says), offers the plan's rate and mix, and holds
// the outcome against what the model predicts for these nodes (`predicted`).
struct VerifyOutcome {
  capacity::Verification verification;
  Summary summary;
  std::filesystem::path run_dir;
};
Result<VerifyOutcome> verify_plan(const RehearsalOptions& options, const capacity::Plan& plan,
                                  const std::vector<capacity::PredictedStep>& predicted,
                                  const std::map<std::string, std::uint32_t>& nodes, bool one_less,
                                  const std::filesystem::path& limits_file = {});

// The plan's nodes before headroom; with one_less, one node less on the bottleneck.
std::map<std::string, std::uint32_t> planned_nodes(const capacity::Plan& plan, bool one_less);

// Services that more nodes do not help: they own data or membership.
bool is_store(const std::string& service);

}  // namespace tidemark::shop
