// Turns the worker's intervals into the run directory, the totals of the summary and the progress line. Runs on a
// thread of its own, at lower priority than the worker; the scraper's thread is started from it and inherits core and
// priority. run() blocks until the worker's last interval; results() may be read after it has returned.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"
#include "engine/drive/interval_stats.h"
#include "engine/drive/load_clock.h"
#include "engine/drive/progress_builder.h"
#include "engine/drive/runner.h"
#include "engine/drive/threshold_watch.h"
#include "engine/drive/validity.h"
#include "engine/record/run_writer.h"

namespace tidemark::drive {

struct RecorderOptions {
  std::string run_id, title;        // for Progress
  std::vector<std::string> series;  // names, as the worker's intervals index them
  int digits = 3;                   // of the series' histograms
  bool separate_total = false;      // the intervals carry their total beside the series
  std::vector<schedule::ArrivalStream::StageMark> stages;
  ThresholdWatch* thresholds = nullptr;  // outlives the recorder
  std::vector<observe::ScrapeTarget> nodes;
  Instant start;
  double duration_s = 0;  // of the sending phase
  int cpu = -1;
  const schedule::Secrets* secrets = nullptr;            // taken out of failures before they are written
  std::function<void(const Progress&)> progress;         // as in RunOptions
  std::int64_t slow_us = 0;                              // as in RunOptions
  std::function<std::string(const Progress&)> end_when;  // as in RunOptions
  std::function<void()> end_sending;                     // thread-safe
  std::function<void()> stop_worker;                     // thread-safe
};

struct RunTotals {
  IntervalStats whole;                    // everything that was counted
  std::uint64_t ended_while_sending = 0;  // requests, whatever their outcome
  std::vector<ValiditySample> samples;    // of the sending phase
  std::vector<WatermarkSample> watermarks;
  std::string problem;               // what a node complained of first; it ended the run
  std::string ended_early;           // why `end_when` ended it
  std::optional<Error> write_error;  // ended the run as well
};

class Recorder {
 public:
  Recorder(RecorderOptions options, record::RunWriter& writer, Mailbox& mailbox);
  void run();
  const RunTotals& results() const { return totals_; }

 private:
  void consume(const IntervalStats& interval);
  void end_second(bool last);
  void end_window();
  void announce_stages(std::int64_t until_ns);
  void note_change(const LoadChange& change);
  void stop_by(const std::optional<StoppedBy>& rule);
  void write_failures(const IntervalStats& interval);
  void show_progress(const SeriesStats& total);
  observe::Scraper::Sinks sinks();

  RecorderOptions options_;
  record::RunWriter& writer_;
  Mailbox& mailbox_;
  ProgressBuilder progress_;
  IntervalStats second_, window_;
  std::size_t next_stage_ = 0;
  LoadClock clock_;  // as the worker's: what was planned when, after the changes so far
  RunTotals totals_;
  std::mutex scraped_;  // guards totals_.watermarks and totals_.problem against the scraper's thread
};

}  // namespace tidemark::drive
