// The same random search for every contender: its own settings first, then draws in which each number, count and
// duration is multiplied by a factor between 1/5 and 5 (evenly on the logarithm, within what the field allows; a zero
// stays zero; words, flags and promises such as tide's `evidence` stay). The best of them on the tuning seeds is the
// one that enters the duel. Pure.
#pragma once

#include <cstdint>

#include "engine/core/random.h"
#include "engine/guard/limiter_settings.h"
#include "models/duel/contest.h"

namespace tidemark::duel {

struct Tuned {
  guard::LimiterSettings limiter;
  double score = 0;       // mean over the tuning seeds
  double base_score = 0;  // of the settings that the search began with
  std::uint32_t tried = 0;
};

// Settings near `base` that parse_limiter would accept.
guard::LimiterSettings drawn_near(const guard::LimiterSettings& base, Random& random);

// `settings` of them, `base` included (at least 1), each on `seeds` seeds from `first_seed` on. The score of one run is
// its share of the optimal value less its refusals, as a share, while the load was below the capacity.
Result<Tuned> tune(const Arena& arena, const guard::LimiterSettings& base, std::uint32_t settings, std::uint32_t seeds,
                   std::uint64_t first_seed);

}  // namespace tidemark::duel
