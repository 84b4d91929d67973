#include "engine/guard/leaky_queue_limiter.h"

#include <algorithm>
#include <cmath>

namespace tidemark::guard {
namespace {

Nanos distance_of(double rate_rps) {
  const double millis = 1000 / rate_rps;
  if (millis >= 1 && millis == std::floor(millis)) return std::chrono::milliseconds(static_cast<std::int64_t>(millis));
  return std::max(Nanos{1}, Nanos{std::llround(1e9 / rate_rps)});
}

}  // namespace

LeakyQueueLimiter::LeakyQueueLimiter(const LeakyQueueSettings& settings)
    : distance_(distance_of(settings.rate_rps)), max_wait_(settings.max_wait) {}

Admission LeakyQueueLimiter::admit(Instant now, Ask /*ask*/) {
  const Instant turn = started_ ? std::max(now, last_start_ + distance_) : now;
  if (turn - now > max_wait_) return {.verdict = Admission::Verdict::refused, .start = now};
  started_ = true;
  last_start_ = turn;
  return {.start = turn};
}

}  // namespace tidemark::guard
