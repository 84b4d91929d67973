// SIGINT and SIGTERM as a number that long work polls. Install once, in a command that runs long; the first signal asks
// for an orderly end, and libraries see the second one as a higher count. Process-wide by nature.
#pragma once

#include <atomic>

#include "engine/core/error.h"

namespace tidemark::cli {

// Installs the handlers and returns the flag: 0, or the number of the first signal received.
const std::atomic<int>& install_stop_signal();

// 130 or 143.
ExitCode exit_code_of_signal(int signal_number);

}  // namespace tidemark::cli
