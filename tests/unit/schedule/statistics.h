// The little statistics that the tests of random schedules need.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "engine/core/random.h"

namespace tidemark::schedule {

// Pearson's statistic of counts against one expectation each.
inline double chi_square(std::span<const double> counts, double expected) {
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// The value that a chi-square variable exceeds with probability 1 - p (Wilson, Hilferty 1931; within 1 % for df >= 5).
inline double chi_square_quantile(double p, double degrees) {
  const double a = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1.0 - a + normal_quantile(p) * std::sqrt(a), 3);
}

}  // namespace tidemark::schedule
