#include "engine/guard/vegas_rule.h"

#include <algorithm>
#include <cmath>

namespace tidemark::guard {

VegasRule::VegasRule(const VegasSettings& settings, std::uint64_t seed)
    : settings_(settings),
      random_(seed, "vegas"),
      limit_(std::min(settings.initial, settings.max)),
      probe_jitter_(next_probe()) {}

double VegasRule::next_probe() {
  return 0.5 + 0.5 * random_.uniform();
}

void VegasRule::update(const RttSample& sample) {
  const Nanos rtt = std::max(sample.rtt, Nanos{1});
  samples_ += 1;
  if (samples_ >= probe_jitter_ * settings_.probe * limit_) {
    probe_jitter_ = next_probe();
    samples_ = 0;
    rtt0_ = rtt;
    return;
  }
  if (rtt0_ == Nanos{} || rtt < rtt0_) {
    rtt0_ = rtt;
    return;
  }
  const double unit = std::max(1.0, std::floor(std::log10(limit_)));
  const double queue = std::ceil(limit_ * (1 - to_seconds(rtt0_) / to_seconds(rtt)));
  double next = limit_;
  if (sample.dropped) {
    next -= unit;
  } else if (sample.in_flight * 2.0 < limit_) {
    return;
  } else if (queue <= unit) {
    next += settings_.beta * unit;
  } else if (queue < settings_.alpha * unit) {
    next += unit;
  } else if (queue > settings_.beta * unit) {
    next -= unit;
  } else {
    return;
  }
  next = std::clamp<double>(next, 1, settings_.max);
  limit_ += settings_.smoothing * (next - limit_);
}

}  // namespace tidemark::guard
