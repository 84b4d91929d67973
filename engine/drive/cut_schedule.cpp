#include "engine/drive/cut_schedule.h"

#include <algorithm>

namespace tidemark::drive {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kWindow = 10 * kSecond;

}  // namespace

Nanos settling_time(const schedule::ArrivalStream::StageMark& stage) {
  return std::min<Nanos>(std::chrono::seconds(2), (stage.end - stage.start) / 5);
}

CutSchedule::CutSchedule(const std::vector<schedule::ArrivalStream::StageMark>& stages) {
  for (const auto& stage : stages) {
    if (stage.end - stage.start < std::chrono::seconds(1)) continue;
    windows_.push_back(stage.start.count());
    for (std::int64_t at = (stage.start + settling_time(stage)).count(); at < stage.end.count(); at += kWindow) {
      windows_.push_back(at);
    }
    windows_.push_back(stage.end.count());
  }
  if (!stages.empty()) windows_.push_back(stages.back().end.count());  // the sending phase's end, always
  std::sort(windows_.begin(), windows_.end());
  windows_.erase(std::unique(windows_.begin(), windows_.end()), windows_.end());
  while (window_ < windows_.size() && windows_[window_] <= 0) ++window_;
  later_window_ = (windows_.empty() ? 0 : windows_.back()) + kWindow;
  find_next();
}

void CutSchedule::advance() {
  if (next_.second) ++second_;
  if (next_.window) {
    if (window_ < windows_.size()) {
      ++window_;
    } else {
      later_window_ += kWindow;
    }
  }
  find_next();
}

void CutSchedule::find_next() {
  const std::int64_t window = window_ < windows_.size() ? windows_[window_] : later_window_;
  const std::int64_t second = second_ * kSecond;
  next_ = {.at_ns = std::min(window, second), .second = second <= window, .window = window <= second};
}

}  // namespace tidemark::drive
