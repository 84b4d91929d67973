// Intervals of proportions, for ratios and, through their ranks, for quantiles. Pure.
#pragma once

namespace tidemark::drive {

struct ProportionInterval {
  double low = 0, high = 1;
};

// Two-sided score interval of a proportion (Wilson, JASA 22, 1927). `n` may be an effective sample size, so it is not
// an integer; n <= 0 gives [0, 1]. z: standard normal quantile, 1.96 for 95 %.
ProportionInterval wilson(double proportion, double n, double z);

}  // namespace tidemark::drive
