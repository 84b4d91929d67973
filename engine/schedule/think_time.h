// The pause after a step: constant or drawn, by our own inversions (engine/core/random.h), so that equal seeds give
// equal pauses everywhere. Plain values; thread-safe.
#pragma once

#include "engine/core/random.h"
#include "engine/core/units.h"

namespace tidemark::schedule {

struct ThinkTime {
  // A draw above this is cut to it, one below 0 to 0.
  static constexpr Nanos kLongest = std::chrono::hours(1);

  enum class Kind {
    none,
    constant,     // low
    uniform,      // between low and high
    exponential,  // mean low
    normal,       // mean low, standard deviation high
    lognormal,    // median low, ln of it has the standard deviation sigma
  } kind = Kind::none;
  Nanos low{}, high{};
  double sigma = 0;
};

// One draw takes exactly one number from `random` (none for `none` and `constant`), 0 to kLongest.
Nanos sample(const ThinkTime& think, Random& random);

}  // namespace tidemark::schedule
