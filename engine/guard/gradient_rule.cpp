#include "engine/guard/gradient_rule.h"

#include <algorithm>
#include <cmath>

namespace tidemark::guard {

GradientRule::GradientRule(const GradientSettings& settings, std::uint64_t seed)
    : settings_(settings),
      random_(seed, "gradient"),
      limit_(std::clamp<double>(settings.initial, settings.min, settings.max)),
      until_probe_(next_probe()) {}

std::uint64_t GradientRule::next_probe() {
  return settings_.probe + random_.below(settings_.probe);
}

void GradientRule::update(const RttSample& sample) {
  const double queue = std::max(4.0, std::floor(std::sqrt(limit_)));
  if (until_probe_ == 0) {
    until_probe_ = next_probe();
    limit_ = std::max<double>(settings_.min, queue);
    rtt0_ = Nanos{};
    return;
  }
  --until_probe_;
  const Nanos rtt = std::max(sample.rtt, Nanos{1});
  rtt0_ = rtt0_ == Nanos{} ? rtt : std::min(rtt0_, rtt);
  const double gradient = std::clamp(settings_.tolerance * to_seconds(rtt0_) / to_seconds(rtt), 0.5, 1.0);
  double next = limit_;
  if (sample.dropped) {
    next = limit_ * settings_.backoff;
  } else if (sample.in_flight < limit_ / 2) {
    return;
  } else {
    next = limit_ * gradient + queue;
  }
  if (next < limit_) next = std::max<double>(settings_.min, limit_ + settings_.smoothing * (next - limit_));
  limit_ = std::max(queue, std::min<double>(settings_.max, next));
}

}  // namespace tidemark::guard
