// Options that `demo` and `verify` share. Main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/live_outputs.h"
#include "engine/core/error.h"
#include "scenarios/shop/rehearsal.h"

namespace tidemark::cli {

struct RehearsalArguments {
  std::string scenario_file, topology_file;  // empty: the bundled ones
  std::string out;                           // empty: runs/<command>-<time>
  std::uint64_t seed = 1;
  bool json = false, quiet = false;
  ProgressArguments progress;
};

void add_rehearsal_arguments(CLI::App& command, RehearsalArguments& arguments);

struct Rehearsal {
  shop::RehearsalOptions options;        // refer to the outputs
  std::unique_ptr<LiveOutputs> outputs;  // end() before anything else is printed
};

// Loads the files, creates the folder, picks the cores, opens the outputs, installs the stop signal.
Result<Rehearsal> rehearsal_of(const RehearsalArguments& arguments, const std::string& command_name);

}  // namespace tidemark::cli
