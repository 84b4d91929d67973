#include "engine/guard/envoy_gradient_limiter.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tidemark::guard {
namespace {

constexpr std::uint32_t kUpdatesAtMinimum = 5;
// The original keeps a histogram: a longer interval's samples beyond this are thinned by chance.
constexpr std::size_t kMostSamples = 100'000;

}  // namespace

EnvoyGradientLimiter::EnvoyGradientLimiter(const EnvoyGradientSettings& settings, std::uint64_t seed)
    : settings_(settings), random_(seed, "envoy"), limit_(settings.min_concurrency) {}

std::uint32_t EnvoyGradientLimiter::step(const EnvoyGradientSettings& settings, std::uint32_t limit, double min_rtt,
                                         double sample_rtt) {
  const double gradient = std::clamp(min_rtt * (1 + settings.buffer) / sample_rtt, 0.5, 2.0);
  const double next = limit * gradient;
  const double with_headroom = std::floor(next + std::sqrt(next));
  return static_cast<std::uint32_t>(
      std::max<double>(settings.min_concurrency, std::min<double>(settings.max, with_headroom)));
}

double EnvoyGradientLimiter::percentile_and_clear() {
  const auto rank = std::min(samples_s_.size() - 1,
                             static_cast<std::size_t>(settings_.percentile * static_cast<double>(samples_s_.size())));
  const auto at = samples_s_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(samples_s_.begin(), at, samples_s_.end());
  const double value = *at;
  samples_s_.clear();
  return value;
}

void EnvoyGradientLimiter::begin_min_rtt(Instant now) {
  if (measuring_) return;
  measuring_ = true;
  deferred_limit_ = limit_;
  set_limit(now, settings_.min_concurrency);
  samples_s_.clear();
  epoch_ = now;
}

void EnvoyGradientLimiter::end_min_rtt(Instant now) {
  min_rtt_s_ = std::max(1e-9, percentile_and_clear());
  measuring_ = false;
  set_limit(now, deferred_limit_);
  const double jitter = settings_.jitter * random_.uniform();
  next_min_rtt_ = now + from_seconds(to_seconds(settings_.min_rtt_interval) * (1 + jitter));
  next_update_ = now + settings_.update_interval;
}

void EnvoyGradientLimiter::set_limit(Instant now, std::uint32_t limit) {
  limit_ = limit;
  if (measuring_) return;
  at_minimum_ = limit == settings_.min_concurrency ? at_minimum_ + 1 : 0;
  if (at_minimum_ < kUpdatesAtMinimum) return;
  at_minimum_ = 0;
  begin_min_rtt(now);
}

void EnvoyGradientLimiter::run_timers(Instant now) {
  if (!started_) {
    started_ = true;
    begin_min_rtt(now);
  }
  if (measuring_) return;
  if (now >= next_min_rtt_) return begin_min_rtt(now);
  if (now < next_update_) return;
  next_update_ += settings_.update_interval * ((now - next_update_) / settings_.update_interval + 1);
  if (!samples_s_.empty()) set_limit(now, step(settings_, limit_, min_rtt_s_, percentile_and_clear()));
}

Admission EnvoyGradientLimiter::admit(Instant now, Ask /*ask*/) {
  run_timers(now);
  if (in_flight_ >= limit_) return {.verdict = Admission::Verdict::refused, .start = now};
  ++in_flight_;
  return {.start = now};
}

void EnvoyGradientLimiter::finished(Instant now, const Finish& finish) {
  assert(in_flight_ > 0);
  --in_flight_;
  run_timers(now);
  if (now - finish.latency < epoch_) return;
  if (samples_s_.size() < kMostSamples) {
    samples_s_.push_back(to_seconds(finish.latency));
  } else {
    samples_s_[random_.below(kMostSamples)] = to_seconds(finish.latency);
  }
  if (measuring_ && samples_s_.size() >= settings_.min_rtt_requests) end_min_rtt(now);
}

void EnvoyGradientLimiter::abandoned(Instant now) {
  assert(in_flight_ > 0);
  --in_flight_;
  run_timers(now);
}

}  // namespace tidemark::guard
