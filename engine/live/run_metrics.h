// A run as Prometheus text (exposition format 0.0.4), names prefixed tidemark_run_. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/progress.h"

namespace tidemark::live {

// Books as counters by step and outcome, the three clocks as histograms by step, errors by kind, levels, what validity
// is judged by, node levels. `dropped`: seconds that this endpoint has not seen; counters are right all the same.
std::string run_metrics(const Progress& progress, std::uint64_t dropped);

}  // namespace tidemark::live
