// A response-time distribution on an even grid, for adding independent parts of a response: base plus waits.
// Cheap to copy at some thousand bins; not thread-safe to modify.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/core/histogram.h"

namespace tidemark::capacity {

class Distribution {
 public:
  static constexpr std::size_t kBins = 4096;

  // All mass at 0. Bin i covers [i, i + 1) x bin_us; what lies past the last bin is `beyond`.
  explicit Distribution(double bin_us);
  // The shares of a histogram; every bucket's count is spread evenly over its width. Empty: all mass at 0.
  static Distribution of(const Histogram& histogram, double bin_us);

  // Of the sum of two independent parts on the same grid: direct convolution.
  Distribution plus(const Distribution& other) const;
  // Of the sum of `visits` independent copies; a fraction is one more copy with that probability.
  Distribution times(double visits) const;
  // share x this + (1 - share) x other.
  Distribution mixed(double share, const Distribution& other) const;

  // Smallest x with P(X <= x) >= q, interpolated inside the bin; infinity where it lies past the grid.
  double quantile_us(double q) const;
  double mean_us() const;  // of what lies on the grid
  double variance_us2() const;
  double beyond() const { return beyond_; }
  double bin_us() const { return bin_us_; }
  const std::vector<double>& shares() const { return shares_; }
  std::vector<double>& shares() { return shares_; }

 private:
  double bin_us_;
  std::vector<double> shares_;
  double beyond_ = 0;
};

// The base that, with `wait` added to it, gives `measured`: Richardson-Lucy (Richardson 1972, Lucy 1974), which is the
// EM algorithm for it and stays non-negative. Few rounds, started at `measured`, so that noise is not sharpened.
Distribution without_wait(const Distribution& measured, const Distribution& wait, int rounds = 12);

}  // namespace tidemark::capacity
