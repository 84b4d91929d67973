// A file of recorded offsets: one a line, since the recording's start, in seconds or with a unit; a comma and the name
// of a flow where it is known; "#" begins a comment. Internal to engine/schedule. Thread-safe: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::schedule {

struct OffsetFile {
  static constexpr std::uint32_t kDrawn = 0xffff'ffff;  // the flow is drawn by weight
  struct Entry {
    Nanos offset{};
    std::uint32_t flow = kDrawn;  // index into `flows`
  };
  std::vector<Entry> entries;   // ascending, equal ones in the order of the file; never empty
  std::uint64_t reordered = 0;  // lines that stood after a later one
};

// Errors: code usage, malformed lines with their numbers (the first twenty).
Result<OffsetFile> parse_offsets(std::string_view text, const std::string& name, const std::vector<std::string>& flows);

}  // namespace tidemark::schedule
