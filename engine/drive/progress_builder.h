// Makes the Progress of each second out of what the recorder has of it: the second, the run so far, the nodes' last
// levels. second() belongs to the recorder's thread, watermark() to the scraper's.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/progress.h"
#include "engine/core/watermark.h"
#include "engine/drive/interval_stats.h"

namespace tidemark::drive {

class ProgressBuilder {
 public:
  struct Options {
    std::string run_id, title;
    std::vector<std::string> series;  // names, as the intervals index them
    double duration_s = 0;            // of the sending phase
    std::int64_t slow_us = 0;         // StepProgress::slow counts responses above it; 0: counts none
  };
  explicit ProgressBuilder(Options options);

  void watermark(const WatermarkSample& sample);
  // `total` is the second's sum over its series, `so_far` the run up to and with the second.
  Progress second(const IntervalStats& second, const SeriesStats& total, const IntervalStats& so_far,
                  double steal_share);

 private:
  struct Node {
    WatermarkSample last;
    NodeLevel level;
  };
  struct Coarse {
    CoarseClock response, service, lag;
  };
  StepProgress step(const std::string& name, const SeriesStats& second, const RequestBook& so_far,
                    Coarse& coarse) const;

  Options options_;
  Coarse total_;
  std::vector<Coarse> coarse_;
  std::mutex mutex_;  // guards nodes_
  std::map<std::string, Node> nodes_;
};

}  // namespace tidemark::drive
