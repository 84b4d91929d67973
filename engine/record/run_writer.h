// Writes a run directory (docs/run-directory.md): append-only files, checksummed each second, so that a killed run
// still reports what it saw and damage is noticed. Thread-safe: every method takes one lock; none is called per
// request.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/histogram.h"
#include "engine/core/outcome.h"
#include "engine/core/span.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"

namespace tidemark::record {

// One step's (or, with an empty name, the whole run's) share of one interval.
struct StepInterval {
  std::string step;      // "" = total
  RequestBook requests;  // in_flight: the level at the interval's end; the other fields are this interval's counts
  Histogram response, service, lag;
};

struct Interval {
  double start_s = 0, length_s = 1;  // since the run's start
  FlowBook flows;                    // in_flight: level at the end; the others are this interval's counts
  StepInterval total;
};

class RunWriter {
 public:
  // Creates the directory (refuses one that already holds a manifest) and writes manifest.json, synced.
  // `manifest` must hold at least the fields that docs/run-directory.md marks required.
  static Result<std::unique_ptr<RunWriter>> create(const std::filesystem::path& dir, const nlohmann::json& manifest);
  ~RunWriter();

  // One second: a line in intervals.hlog per clock (total), a line in series.ndjson per entry of `steps` and one for
  // the total.
  void second(const Interval& interval, const std::vector<StepInterval>& steps);
  // Steps merged over a longer window (10 s, cut at load-stage boundaries): three lines a step in intervals.hlog,
  // tags "response.STEP", "service.STEP", "lag.STEP".
  void window(double start_s, double length_s, const std::vector<StepInterval>& steps);
  void watermark(const WatermarkSample& sample);
  void span(const Span& span);
  void event(double t_s, const std::string& kind, const nlohmann::json& fields);  // kinds: docs/run-directory.md
  void failure(const nlohmann::json& exchange);  // a whole request and its answer: docs/run-directory.md
  // Appends checksums of all that was written since the last call; called each second. fsync is left to finish().
  Result<void> seal();
  // Writes summary.json, the last checksums, syncs everything. The first write error of the run comes back here and
  // from seal().
  Result<void> finish(const Summary& summary);

  const std::filesystem::path& dir() const;

 private:
  friend Result<std::unique_ptr<RunWriter>> create_run_writer(const std::filesystem::path&, const nlohmann::json&,
                                                              std::function<ssize_t(int, const char*, std::size_t)>);
  struct Impl;
  explicit RunWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::record
