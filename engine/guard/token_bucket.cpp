#include "engine/guard/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace tidemark::guard {

TokenBucket::TokenBucket(Rate rate, double burst) : rate_(rate), burst_(std::max(burst, 1.0)), tokens_(burst_) {}

double TokenBucket::tokens_at(Instant now) const {
  return std::min(burst_, tokens_ + rate_.per_second() * to_seconds(now - last_));
}

void TokenBucket::refill(Instant now) {
  if (!started_) {
    started_ = true;
    last_ = now;
    return;
  }
  if (now <= last_) return;  // two workers' instants may arrive out of order: time never runs back here
  tokens_ = tokens_at(now);
  last_ = now;
}

bool TokenBucket::allow(Instant now) {
  refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void TokenBucket::configure(Instant now, Rate rate, double burst) {
  refill(now);
  rate_ = rate;
  burst_ = std::max(burst, 1.0);
  tokens_ = std::min(tokens_, burst_);
}

Instant TokenBucket::next_allowed(Instant now) {
  refill(now);
  if (tokens_ >= 1) return now;
  constexpr double century_s = 100.0 * 365 * 86400;
  const double wait_s = rate_.per_second() > 0 ? (1 - tokens_) / rate_.per_second() : century_s;
  if (wait_s >= century_s) return Instant::max();
  // The division may round down: step on until allow() at that instant would agree.
  Instant at = last_ + Nanos(static_cast<Nanos::rep>(std::ceil(wait_s * 1e9)));
  for (Nanos step{1}; tokens_at(at) < 1; step *= 2) at += step;
  return std::max(at, now);
}

}  // namespace tidemark::guard
