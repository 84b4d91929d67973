// The combined access log, line by line, at the speed of memory. Internal to engine/schedule; load_access_log is the
// way in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/schedule/arrivals.h"

namespace tidemark::schedule {

// One line of the common or combined format: HOST IDENT USER [TIME] "METHOD TARGET PROTOCOL" ... Views into the line.
struct LogLine {
  std::int64_t second = 0;  // since the epoch, the zone applied
  std::string_view method, target;
};

// Remembers the last time stamp it read, since neighbours share it. Not thread-safe: one owner.
class LogLineParser {
 public:
  // nullopt when malformed: no time, no request, a method that is no token, a target with control characters.
  std::optional<LogLine> parse(std::string_view line);

 private:
  std::optional<std::int64_t> time(std::string_view stamp);
  std::string last_stamp_;
  std::int64_t last_second_ = 0;
};

// "17/May/2015:10:05:03 +0000" as seconds since the epoch.
std::optional<std::int64_t> parse_log_time(std::string_view stamp);

// A recorded target in the form that may stand in a request line: an absolute URL cut to its path, the log's own
// escapes (\xhh,
// \", \\) and bytes outside ASCII percent-encoded. Empty when it names no path.
std::string replay_target(std::string_view recorded);

// As load_access_log, of a log in memory. speed > 0.
Result<LogReplay> parse_access_log(std::string_view log, const std::string& name, double speed);

}  // namespace tidemark::schedule
