// `tidemark fault gate`: a TCP gate with faults between any two parties on this machine. Main thread only.
#pragma once

#include <CLI/CLI.hpp>

#include "engine/core/error.h"

namespace tidemark::cli {

void add_fault_gate(CLI::App& fault, ExitCode& exit_code);

}  // namespace tidemark::cli
