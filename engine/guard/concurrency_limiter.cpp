#include "engine/guard/concurrency_limiter.h"

#include <cassert>

namespace tidemark::guard {

Admission ConcurrencyLimiter::admit(Instant now, Ask /*ask*/) {
  if (in_flight_ + 1.0 > rule_->limit()) return {.verdict = Admission::Verdict::refused, .start = now};
  ++in_flight_;
  return {.start = now};
}

void ConcurrencyLimiter::finished(Instant now, const Finish& finish) {
  assert(in_flight_ > 0);
  rule_->update({.now = now, .rtt = finish.latency, .in_flight = in_flight_, .dropped = finish.dropped});
  --in_flight_;
}

}  // namespace tidemark::guard
