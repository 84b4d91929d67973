// The command line of `tidemark run` and what it means. Main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/live_outputs.h"
#include "engine/core/error.h"
#include "engine/drive/runner.h"

namespace tidemark::cli {

struct RunArguments {
  std::string scenario_file;  // empty: one URL, --target
  std::string target, stack_dir, out_dir, replay_file, arrivals, duration, timeout, spin, partition;
  std::vector<std::string> parameters;  // KEY=VALUE
  std::vector<std::string> thresholds;  // beside the scenario's own
  std::string allow_list_file, approval_file, tag_key_file;
  std::vector<std::string> confirmed;  // hosts
  std::optional<double> rate;
  double speed = 1;
  std::uint32_t connections = 0;
  std::uint64_t seed = 1;
  int cpu = -1;
  bool closed = false, json = false, quiet = false;
  ProgressArguments progress;
  bool trace = false;
  std::string flow;  // with trace: the only one
};

// --allow-list, --confirm, --approval: load goes to loopback unless these three agree (docs/targets.md).
void add_target_arguments(CLI::App& command, RunArguments& arguments);
void add_run_arguments(CLI::App& command, RunArguments& arguments);

// What is allowed besides loopback. Where the environment says CI=true, an approval is required.
Result<traffic::TargetPolicy> target_policy(const RunArguments& arguments);

// The scenario of the file or the URL, with what the command line says instead of it. Exit 2 for what contradicts
// itself.
Result<drive::RunOptions> run_options(const RunArguments& arguments);

}  // namespace tidemark::cli
