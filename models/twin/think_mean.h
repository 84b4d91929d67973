// The mean of a scenario's pause: the twin waits for it, since what a flow does meanwhile does not depend on the
// spread. Thread-safe: a pure function.
#pragma once

#include "engine/schedule/scenario.h"

namespace tidemark::twin {

// Uniform: the middle; lognormal: low x exp(sigma^2 / 2); none: zero; else what is written as its mean.
Nanos mean_of(const schedule::ThinkTime& think);

}  // namespace tidemark::twin
