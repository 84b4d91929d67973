// The processor of one node: work is done in the order in which it comes, at so many cores as the quota needs (at least
// one), and in each period of 10 ms no more than quota x 10 ms of it, as the kernel's bandwidth control has it
// (Turner, Rao, Rao 2010). One piece of work is never done faster than on one core. Not thread-safe: one owner.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tidemark::twin {

class CpuMeter {
 public:
  static constexpr std::int64_t kPeriodNs = 10'000'000;
  // `quota` in cores; 0: without bound.
  explicit CpuMeter(double quota)
      : cores_(quota > 0 ? std::max(1.0, std::ceil(quota)) : 0),
        budget_ns_(quota > 0 ? static_cast<std::int64_t>(quota / cores_ * static_cast<double>(kPeriodNs)) : 0) {}
  bool scarce() const { return budget_ns_ > 0; }
  // When `work_ns` of one core, begun no earlier than now, will be done.
  std::int64_t finish(std::int64_t now_ns, std::int64_t work_ns) {
    if (!scarce()) return now_ns + work_ns;
    std::int64_t left = static_cast<std::int64_t>(static_cast<double>(work_ns) / cores_);
    free_ns_ = std::max(free_ns_, now_ns);
    while (left > 0) {
      const std::int64_t period = free_ns_ / kPeriodNs, end = (period + 1) * kPeriodNs;
      if (period != period_) period_ = period, used_ns_ = 0;
      const std::int64_t run = std::min({left, budget_ns_ - used_ns_, end - free_ns_});
      left -= run, used_ns_ += run, free_ns_ += run;
      if (left > 0) free_ns_ = end;
    }
    return std::max(free_ns_, now_ns + work_ns);
  }

 private:
  double cores_;
  std::int64_t budget_ns_;  // of the common lane, in a period
  std::int64_t free_ns_ = 0, period_ = -1, used_ns_ = 0;
};

}  // namespace tidemark::twin
