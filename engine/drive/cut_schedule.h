// Where the run's time is cut: every whole second (a line of the series), and the windows of the per-step histograms:
// at each load stage's start, after its settling time, every 10 s from there, and at its end, so that each stage has
// windows of its steady part alone. Pure; one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/units.h"
#include "engine/schedule/arrivals.h"

namespace tidemark::drive {

// What a stage needs to forget the one before: 2 s, or a fifth of a shorter stage.
Nanos settling_time(const schedule::ArrivalStream::StageMark& stage);

class CutSchedule {
 public:
  struct Cut {
    std::int64_t at_ns = 0;  // since the run's start
    bool second = false, window = false;
  };
  // Stages shorter than 1 s (bins of a shape) get no windows of their own.
  explicit CutSchedule(const std::vector<schedule::ArrivalStream::StageMark>& stages);

  const Cut& next() const { return next_; }  // never ends: seconds and 10 s windows go on after the last stage
  void advance();

 private:
  std::vector<std::int64_t> windows_;  // ascending
  std::size_t window_ = 0;
  std::int64_t second_ = 1;
  std::int64_t later_window_ = 0;  // after the last of windows_
  Cut next_;
  void find_next();
};

}  // namespace tidemark::drive
