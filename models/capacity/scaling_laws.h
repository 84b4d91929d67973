// Throughput against concurrency, X(N): linear, Amdahl, the Universal Scalability Law (Gunther 2007) and the
// pool-limited law, each fitted by least squares with its parameters' two-sided 95 % intervals, compared by AICc, and
// inverted exactly. N: requests in the node or load generators, > 0; X: per second. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/capacity/model.h"

namespace tidemark::capacity {

struct Observation {
  double concurrency = 0, throughput = 0;
};

inline constexpr std::size_t kFewestLoads =
    6;  // below this no law is fitted, as in the R package usl, which only warns

// X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)); Amdahl: kappa = 0; linear: sigma = kappa = 0.
// sigma contention and kappa coherency in [0, 1], lambda > 0.
struct Usl {
  double lambda = 0, sigma = 0, kappa = 0;

  double throughput(double concurrency) const;
  // R(N) = N / X(N), seconds.
  double latency_s(double concurrency) const;
  // Peak: N = sqrt((1 - sigma) / kappa); infinite without coherency.
  double peak_concurrency() const;
  // Where the linear part meets the ceiling: 1 / sigma; and that ceiling, lambda / sigma. Infinite without contention.
  double optimal_concurrency() const;
  double limit() const;
  // Exact inverses. Nothing comes back where no N reaches the value (past the peak; a latency below R(1)).
  std::optional<double> concurrency_at_throughput(double throughput) const;  // the smaller root
  std::optional<double> concurrency_at_latency(double latency_s) const;
  std::optional<double> throughput_at_latency(double latency_s) const;  // N(R) / R
};

// Requests in a pool of `workers` slots held for `hold_s` seconds each, at `throughput` per second: N = a + Lq, with
// a = throughput x hold and the mean queue Lq = variability x C(workers, a) a / (workers - a) (Allen-Cunneen). Its
// corner is the hard X = min(N, workers) / hold of a closed loop, rounded by chance arrivals. Infinite at or past
// workers / hold.
double pool_concurrency(double throughput, std::uint32_t workers, double hold_s, double variability);
// Its inverse in throughput, by bisection.
double pool_throughput(double concurrency, std::uint32_t workers, double hold_s, double variability);

// Each fit needs at least kFewestLoads distinct concurrencies, or comes back unusable with a note. A parameter that
// sits on its bound is reported in the note. Intervals: estimate +- t(0.975, n - parameters) standard errors, cut at
// the bounds.
ScalabilityFit fit_linear(const std::vector<Observation>& data);
ScalabilityFit fit_amdahl(const std::vector<Observation>& data);
ScalabilityFit fit_usl(const std::vector<Observation>& data);
// `workers` is what the nodes report; hold_s is fitted, `variability` comes from the measured waits.
ScalabilityFit fit_pool_limited(const std::vector<Observation>& data, std::uint32_t workers, double variability);
// All that apply (pool-limited only for workers > 0), usable ones first, best AICc first.
std::vector<ScalabilityFit> fit_laws(const std::vector<Observation>& data, std::uint32_t workers, double variability);

Usl as_usl(const ScalabilityFit& fit);  // of a linear, amdahl or usl fit

// n ln(SSE / n) + 2 k + 2 k (k + 1) / (n - k - 1), k counting the variance too (Burnham, Anderson 2002). Infinite for n
// <= k + 1.
double aicc(double sse, std::size_t points, std::size_t parameters);

}  // namespace tidemark::capacity
