// A clock's histograms in consecutive batches of equal length, never more than kMost: when they are full, neighbours
// are merged and the length doubles. So the batches grow with the run, and with them their independence
// (thresholds_eval.h). One owner.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/core/histogram.h"

namespace tidemark::drive {

class BatchHistory {
 public:
  static constexpr std::size_t kMost = 32;

  void add(const Histogram& second);
  // All batches; a last one that is not yet as long as the others is merged into the one before.
  std::vector<Histogram> batches() const;

 private:
  std::vector<Histogram> batches_;
  std::size_t seconds_per_batch_ = 1, seconds_in_last_ = 0;
};

}  // namespace tidemark::drive
