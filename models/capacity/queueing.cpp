#include "models/capacity/queueing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::capacity {

double erlang_c(std::uint32_t servers, double offered_load) {
  if (offered_load <= 0) return 0;
  if (offered_load >= servers) return 1;
  double blocking = 1;  // Erlang B by its recursion, which neither overflows nor cancels
  for (std::uint32_t k = 1; k <= servers; ++k) blocking = offered_load * blocking / (k + offered_load * blocking);
  const double utilisation = offered_load / servers;
  return blocking / (1 - utilisation * (1 - blocking));
}

double mean_wait_s(const Queue& queue) {
  const double spare = queue.servers - queue.offered_load();
  if (spare <= 0) return std::numeric_limits<double>::infinity();
  return erlang_c(queue.servers, queue.offered_load()) * queue.service_s / spare;
}

double wait_quantile_s(const Queue& queue, double p) {
  const double spare = queue.servers - queue.offered_load();
  if (spare <= 0) return std::numeric_limits<double>::infinity();
  const double waiting = erlang_c(queue.servers, queue.offered_load());
  return waiting > 1 - p ? std::log(waiting / (1 - p)) * queue.service_s / spare : 0.0;
}

std::uint32_t servers_for_wait(double arrival_rate, double service_s, double p, double limit_s) {
  auto servers = static_cast<std::uint32_t>(std::floor(arrival_rate * service_s)) + 1;
  while (wait_quantile_s({servers, arrival_rate, service_s}, p) > limit_s) ++servers;
  return servers;
}

double variability(double service_cv) {
  return 0.5 * (1 + service_cv * service_cv);
}

double cv_of_variability(double factor) {
  return std::sqrt(std::max(0.0, 2 * factor - 1));
}

double wait_relative_variance(double utilisation) {
  const double u = utilisation;
  return (2 + 5 * u - 4 * u * u + u * u * u) / (u * (1 - u) * (1 - u));
}

}  // namespace tidemark::capacity
