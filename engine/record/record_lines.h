// One line of each growing file, as text: what RunWriter appends and RunReader takes apart. docs/run-directory.md has
// the grammar. Every format_* function returns the line with its newline; every parse_* function takes it without.
// Thread-safe: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/record/run_files.h"
#include "engine/record/run_reader.h"

namespace tidemark::record {

// The comment lines and the legend that open intervals.hlog (HdrHistogram log format 1.3); times in it count from the
// run's start, `wall_ns` since the epoch.
std::string format_intervals_header(std::int64_t wall_ns);
// Three lines: response, service, lag.
std::string format_interval(double start_s, double length_s, const StepInterval& step);
// `flows` only on the total's line.
std::string format_series(double start_s, const StepInterval& step, const FlowBook* flows);
std::string format_event(double t_s, const std::string& kind, const nlohmann::json& fields);
// One line of JSON; strings that are not UTF-8 are written with U+FFFD.
std::string format_json_line(const nlohmann::json& json);

struct IntervalLine {  // one clock of one step
  IntervalTag tag;
  double start_s = 0, length_s = 0;
  Histogram histogram;
};
Result<IntervalLine> parse_interval(std::string_view line, std::string_view place);
Result<SeriesPoint> parse_series(const nlohmann::json& json, std::string_view place);
Result<EventRecord> parse_event(const nlohmann::json& json, std::string_view place);

}  // namespace tidemark::record
