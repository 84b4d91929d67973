// The share of a step's requests that broke the SLO at one rate, with its interval: what a probe of a search measures.
// An SLO "p99 = 86 ms" holds where that share is at most 1 %, which asks the same as the percentile and adds up over
// probes. Pure; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tidemark::search {

struct SlowSecond {
  double n = 0, slow = 0;  // requests that ended in this second; of those, slower than the limit or failed
};

struct SlowShare {
  double n = 0, slow = 0;
  double inflation = 1;  // of the count's variance over a binomial's, because slow requests come in bursts; >= 1
  double seconds = 0;    // how many `inflation` was estimated from
  double low = 0, high = 1;
  double share() const { return n > 0 ? slow / n : 0; }
};

// Wilson's score interval at the effective sample size n / inflation and `z` standard normal deviations. `inflation`
// comes from the autocovariance of the seconds' counts with Bartlett weights (Newey, West 1987), up to 4 s apart,
// corrected for the mean being taken from the same seconds, and drawn towards kUsualInflation as if 10 more seconds had
// shown that.
SlowShare slow_share(std::span<const SlowSecond> seconds, double z);
inline constexpr double kUsualInflation = 5;  // of a queue near its capacity

// "held": the whole interval is at or below `allowed` (1 - the SLO's quantile). "missed": it is above. A step that had
// too few requests to be held on its own (below 4 / allowed) counts as held while its share is no more than allowed.
// Else "undecided".
std::string verdict_on(const SlowShare& share, double allowed);

}  // namespace tidemark::search
