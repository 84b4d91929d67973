// The lines of `--stream`: one JSON object a second while a run lasts (docs/run-directory.md, "The stream"). Pure;
// thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/progress.h"
#include "engine/core/summary.h"

namespace tidemark::live {

// "type":"second". `dropped`: lines that were not written so far because the reader was slow.
std::string stream_line(const Progress& progress, std::uint64_t dropped);
// "type":"end", the last line: summary.json in one line.
std::string stream_end(const Summary& summary, std::uint64_t dropped);

}  // namespace tidemark::live
