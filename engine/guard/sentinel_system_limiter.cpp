#include "engine/guard/sentinel_system_limiter.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tidemark::guard {

double SentinelSystemLimiter::max_success_rps(Instant now) const {
  std::uint64_t most = 1;  // the original never says less than one
  window_.each(now, [&most](const Bucket& bucket) { most = std::max(most, bucket.succeeded); });
  return static_cast<double>(most) * kBucketsPerSecond;
}

double SentinelSystemLimiter::min_rt_s(Instant now) const {
  double least = 5;
  window_.each(now, [&least](const Bucket& bucket) { least = std::min(least, bucket.rt_min_s); });
  return std::max(0.001, least);
}

// Before anything changes what is in flight.
void SentinelSystemLimiter::average_load(Instant now) {
  const double kept = std::exp(-to_seconds(now - load_at_) / to_seconds(settings_.load_over));
  load_average_ = in_flight_ + kept * (load_average_ - in_flight_);
  load_at_ = now;
}

bool SentinelSystemLimiter::too_much(Instant now) {
  double passed = 0, succeeded = 0, rt_sum_s = 0;
  window_.each(now, [&](const Bucket& bucket) {
    passed += static_cast<double>(bucket.passed);
    succeeded += static_cast<double>(bucket.succeeded);
    rt_sum_s += bucket.rt_sum_s;
  });
  if (settings_.max_rps > 0 && passed + 1 > settings_.max_rps) return true;
  if (settings_.max_threads > 0 && in_flight_ > settings_.max_threads) return true;
  if (settings_.max_rt > Nanos{} && succeeded > 0 && rt_sum_s / succeeded > to_seconds(settings_.max_rt)) return true;
  estimated_ = max_success_rps(now) * min_rt_s(now);
  const bool loaded = settings_.load <= 0 || (load_ ? load_(now) : load_average_) > settings_.load;
  return loaded && in_flight_ > 1 && in_flight_ > estimated_;
}

Admission SentinelSystemLimiter::admit(Instant now, Ask /*ask*/) {
  average_load(now);
  if (too_much(now)) return {.verdict = Admission::Verdict::refused, .start = now};
  ++in_flight_;
  ++window_.at(now).passed;
  return {.start = now};
}

void SentinelSystemLimiter::finished(Instant now, const Finish& finish) {
  assert(in_flight_ > 0);
  average_load(now);
  --in_flight_;
  Bucket& bucket = window_.at(now);
  const double rt_s = to_seconds(finish.latency);
  bucket.succeeded += 1;
  bucket.rt_sum_s += rt_s;
  bucket.rt_min_s = std::min(bucket.rt_min_s, rt_s);
}

}  // namespace tidemark::guard
