// The end of a run as a person reads it: three clocks, both books, steps, nodes, validity, verdict. Pure.
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/summary.h"

namespace tidemark::cli {

std::string run_table(const Summary& summary, const std::filesystem::path& dir);

}  // namespace tidemark::cli
