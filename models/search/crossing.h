// Where the share of slow requests crosses what the SLO allows, as a function of the rate: all probes of a search read
// together, so that twelve probes that are each undecided can decide. Pure; thread-safe.
//
// Model, for rates r near the crossing c:  logit(share(r)) = logit(allowed) + s ln(r / c),  s > 0 (a higher rate is
// never faster). Counts are binomial with a variance `inflation` times as large. The posterior of c is computed on a
// grid of (ln c, ln s), flat in the first, normal in the second (s about 10: a queue near its capacity; within a factor
// of four nearly always), and s integrated out. Probes far from the crossing (beyond 20 %) say on which side it lies
// and little about the slope there, so they weigh as at most 40 requests; one that was ended by a breach says only that
// the share was at least five times what is allowed, since a queue that grows has no share of its own. If the probes
// scatter around the fitted curve by more than their own variances allow (Pearson's statistic), all variances are
// enlarged by that factor.
#pragma once

#include <span>

namespace tidemark::search {

struct CrossingPoint {
  double rate = 0;
  double n = 0, slow = 0;
  double inflation = 1;
  bool breach = false;
};

struct Crossing {
  double rate = 0, low = 0, high = 0;  // posterior median, 2.5 % and 97.5 % points
  double slope = 0;                    // s at the posterior's mode
  double scatter = 1;                  // the factor above, >= 1
  double half_width() const { return rate > 0 ? (high - low) / (2 * rate) : 1; }  // relative
};

// 0 < from < to: the crossing is taken to lie between them.
Crossing find_crossing(std::span<const CrossingPoint> points, double allowed, double from, double to);

}  // namespace tidemark::search
