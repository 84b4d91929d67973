#include "models/capacity/wait_simulation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/random.h"

namespace tidemark::capacity {
namespace {

// Replaces the smallest of a binary min-heap by a larger value.
void replace_smallest(std::vector<double>& heap, double value) {
  std::size_t at = 0;
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap.size()) break;
    if (child + 1 < heap.size() && heap[child + 1] < heap[child]) ++child;
    if (heap[child] >= value) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
}

}  // namespace

Histogram simulate_waits(const Queue& queue, double service_cv, std::uint64_t seed) {
  // Kiefer-Wolfowitz: only the instants at which each server becomes free matter.
  std::vector<double> free_at(queue.servers, 0.0);
  const double spare = std::max(1 - queue.utilisation(), 0.02);
  const auto arrivals = static_cast<std::uint64_t>(std::clamp(120'000 / spare, 200'000.0, 2'000'000.0));
  const std::uint64_t warm_up = arrivals / 20;
  Random gaps(seed, "wait/gaps"), services(seed, "wait/services");
  const double sigma2 = std::log1p(service_cv * service_cv);
  const double sigma = std::sqrt(sigma2), mu = std::log(queue.service_s) - 0.5 * sigma2;
  Histogram waits;
  double now = 0;
  for (std::uint64_t i = 0; i < arrivals + warm_up; ++i) {
    now += gaps.exponential(1 / queue.arrival_rate);
    const double start = std::max(now, free_at.front());
    replace_smallest(free_at, start + std::exp(mu + sigma * services.normal()));
    if (i >= warm_up) waits.record(std::llround((start - now) * 1e6));
  }
  return waits;
}

}  // namespace tidemark::capacity
