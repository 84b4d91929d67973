// A real traffic curve: a two-column CSV of (time, count) and what it plans when compressed in time and scaled in rate.
// Thread-safe: plain values.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"
#include "engine/schedule/scenario.h"

namespace tidemark::schedule {

// Times ascend strictly. A point's count belongs to the time from its own start to its end.
struct TimeSeries {
  struct Point {
    double start = 0, end = 0;  // in the file's own unit of time (seconds for ISO 8601), from an arbitrary zero
    double count = 0;           // >= 0
  };
  std::vector<Point> points;
  std::vector<std::string> notes;  // what was mended: rows sorted, equal times summed, gaps taken as empty
};

// Column 1: a number (seconds, milliseconds, ...: only proportions matter) or ISO 8601, all rows alike; column 2: a
// count. A first line in which neither column can be read is a header. The width of a point is the gap to the next one,
// but at most the median gap where that is more than 1.5 median gaps away: the rest is a hole in the record and becomes
// a point of count 0. Errors: code usage, malformed rows with their line numbers (the first twenty).
Result<TimeSeries> parse_time_series(std::string_view csv, const std::string& name);
Result<TimeSeries> load_time_series(const std::filesystem::path& file);

// One point of the curve in the time of the run, with the arrivals it should have on average. [start, end) tile [0,
// duration).
struct ShapeBin {
  Nanos start{}, end{};
  double expected = 0;
};
// Errors: no count above zero, or more arrivals than one run may have.
Result<std::vector<ShapeBin>> fit_shape(const TimeSeries& series, const Shape& shape);

}  // namespace tidemark::schedule
