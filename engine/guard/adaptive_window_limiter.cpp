#include "engine/guard/adaptive_window_limiter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidemark::guard {

AdaptiveWindowLimiter::AdaptiveWindowLimiter(const AdaptiveWindowSettings& settings, Predictor predictor)
    : settings_(settings),
      predictor_(std::move(predictor)),
      threshold_rps_(settings.base_rps),
      admitted_(settings.window / 10) {}

// An exponential mean of the admissions: each adds 1 / tau, and all fade with tau = two windows. Slower than the window
// itself, or threshold and load would chase each other.
double AdaptiveWindowLimiter::recent_load(Instant now) {
  const double tau_s = 2 * to_seconds(settings_.window);
  load_rps_ *= std::exp(-to_seconds(now - load_at_) / tau_s);
  load_at_ = now;
  return load_rps_;
}

Admission AdaptiveWindowLimiter::admit(Instant now, Ask /*ask*/) {
  const double recent = recent_load(now);
  const double predicted = predictor_ ? predictor_(now) : recent;
  threshold_rps_ = std::max(0.0, settings_.base_rps * (1 - predicted / settings_.capacity_rps));
  std::uint64_t inside = 0;
  admitted_.each(now, [&inside](std::uint64_t count) { inside += count; });
  if (static_cast<double>(inside) + 1 > threshold_rps_ * to_seconds(settings_.window)) {
    return {.verdict = Admission::Verdict::refused, .start = now};
  }
  ++admitted_.at(now);
  load_rps_ += 1 / (2 * to_seconds(settings_.window));
  return {.start = now};
}

}  // namespace tidemark::guard
