// Options that `demo` and `verify` share. Main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "engine/core/error.h"
#include "scenarios/shop/rehearsal.h"

namespace tidemark::cli {

struct RehearsalArguments {
  std::string scenario_file, topology_file;  // empty: the bundled ones
  std::string out;                           // empty: runs/<command>-<time>
  std::uint64_t seed = 1;
  bool json = false, quiet = false;
};

void add_rehearsal_arguments(CLI::App& command, RehearsalArguments& arguments);

// Loads the files, creates the folder, picks the cores, installs the stop signal.
Result<shop::RehearsalOptions> rehearsal_options(const RehearsalArguments& arguments, const std::string& command_name);

}  // namespace tidemark::cli
