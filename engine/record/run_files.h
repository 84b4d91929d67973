// The names of the files of a run directory (docs/run-directory.md), and the tags of intervals.hlog. Thread-safe:
// constants and pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::record {

inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::string_view kSummaryFile = "summary.json";
inline constexpr std::string_view kChecksumsFile = "checksums.ndjson";
inline constexpr std::string_view kIntervalsFile = "intervals.hlog";
inline constexpr std::string_view kSeriesFile = "series.ndjson";
inline constexpr std::string_view kWatermarksFile = "watermarks.ndjson";
inline constexpr std::string_view kSpansFile = "spans.ndjson";
inline constexpr std::string_view kEventsFile = "events.ndjson";
inline constexpr std::string_view kFailuresFile = "failures.ndjson";
// Those that grow while the run lasts, in the order in which they are written and checksummed.
inline constexpr std::array<std::string_view, 6> kGrowingFiles = {kIntervalsFile, kSeriesFile, kWatermarksFile,
                                                                  kSpansFile,     kEventsFile, kFailuresFile};

inline constexpr std::string_view kManifestSchema = "tidemark.manifest/1";

// The three clocks in the order in which their lines stand in intervals.hlog.
inline constexpr std::array<std::string_view, 3> kClocks = {"response", "service", "lag"};

// "response.total" for the whole run (empty step), else "response.STEP" with every byte of the step's name that could
// be taken for syntax (control characters, space, comma, quote, percent, non-ASCII) as %XX, and a step called "total"
// as "%74otal".
std::string interval_tag(std::string_view clock, std::string_view step);

struct IntervalTag {
  std::string_view clock;  // one of kClocks
  std::string step;        // "" = the whole run
};
// nullopt unless interval_tag writes this very text.
std::optional<IntervalTag> parse_interval_tag(std::string_view tag);

}  // namespace tidemark::record
