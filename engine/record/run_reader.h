// Reads a run directory, trusting only what its checksums cover. A killed, truncated or damaged run yields its exact
// valid prefix, `partial` and a list of what was wrong; never a wrong number. Thread-safe: a RunRecord is a plain
// value.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/span.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"
#include "engine/record/run_writer.h"

namespace tidemark::record {

struct SeriesPoint {  // a line of series.ndjson
  double t_s = 0;
  std::string step;  // "" = total
  FlowBook flows;    // only on the total
  RequestBook requests;
  ThreeClocks clocks;
};

struct WindowRecord {  // a step's histograms over a window
  double start_s = 0, length_s = 0;
  std::string step;
  Histogram response, service, lag;
};

struct EventRecord {
  double t_s = 0;
  std::string kind;
  nlohmann::json fields;
};

struct RunRecord {
  std::filesystem::path dir;
  nlohmann::json manifest;
  std::vector<SeriesPoint> series;
  std::vector<WindowRecord> windows;  // per step, 10 s or cut at stage boundaries
  std::vector<WindowRecord> seconds;  // the total's histograms, second by second, step ""
  std::vector<WatermarkSample> watermarks;
  std::vector<EventRecord> events;
  std::vector<nlohmann::json> failures;   // the first failed request of each kind, whole
  std::optional<Summary> stored_summary;  // absent when the run was killed
  bool partial = false;
  std::vector<std::string> damage;  // "series.ndjson: 41 bytes from offset 1200 fail their checksum", ...

  // The stored summary, or one rebuilt from the intervals and marked partial.
  Summary summary() const;
  std::string run_id() const { return manifest.value("run_id", ""); }
};

// Fails (exit 5) only when no trustworthy manifest can be read; everything else is reported in `partial` and `damage`.
Result<RunRecord> read_run(const std::filesystem::path& dir);
// Streams the checksummed spans to `sink`, in file order.
Result<void> read_spans(const std::filesystem::path& dir, const std::function<void(const Span&)>& sink);

}  // namespace tidemark::record
