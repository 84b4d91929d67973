// M/M/c in closed form (Erlang 1917; formulas of Gross, Harris, Fundamentals of Queueing Theory, 2.3), and the
// corrections by which it stands in for general service times. Times in seconds, rates per second. Pure; thread-safe.
#pragma once

#include <cstdint>

namespace tidemark::capacity {

// Probability that an arrival waits: c servers, offered load a = arrival rate x mean service time. 1 where a >= c.
double erlang_c(std::uint32_t servers, double offered_load);

struct Queue {
  std::uint32_t servers = 1;
  double arrival_rate = 0;
  double service_s = 0;  // mean
  double offered_load() const { return arrival_rate * service_s; }
  double utilisation() const { return offered_load() / servers; }
};

// Mean wait of M/M/c: C / (c mu - lambda). Infinite at or past full utilisation.
double mean_wait_s(const Queue& queue);
// Quantile of the wait of M/M/c: ln(C / (1 - p)) / (c mu - lambda), 0 where C <= 1 - p; 0 <= p < 1.
double wait_quantile_s(const Queue& queue, double p);
// Fewest servers with that quantile of the wait at or below the limit.
std::uint32_t servers_for_wait(double arrival_rate, double service_s, double p, double limit_s);

// Allen-Cunneen: the factor by which M/G/c waits longer than M/M/c, (ca^2 + cs^2) / 2 with Poisson arrivals (ca = 1).
double variability(double service_cv);
// Its inverse: the cv of the service time for a factor; 0 where the factor is below 1/2.
double cv_of_variability(double factor);

// Asymptotic relative variance of the mean of the waits of n successive arrivals is this / n (M/M/1: Daley 1968, as in
// Whitt 1989); used to weigh stages, which needs no better than the order of magnitude for c > 1. 0 < utilisation < 1.
double wait_relative_variance(double utilisation);

}  // namespace tidemark::capacity
