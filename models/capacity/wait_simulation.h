// The wait in M/G/c, first come first served, by simulation: Poisson arrivals, c servers, lognormal service times. No
// closed form exists, and the tail of the wait decides a plan; docs/model.md compares this with the closed
// approximations. Pure and repeatable: the same queue and seed give the same answer. Thread-safe.
#pragma once

#include <cstdint>

#include "engine/core/histogram.h"
#include "models/capacity/queueing.h"

namespace tidemark::capacity {

// Waits in microseconds after a warm-up; longer where the queue is closer to full, because its memory is longer.
// Needs utilisation < 1 and servers >= 1; cv >= 0.
Histogram simulate_waits(const Queue& queue, double service_cv, std::uint64_t seed = 1);

}  // namespace tidemark::capacity
