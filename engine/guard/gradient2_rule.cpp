#include "engine/guard/gradient2_rule.h"

#include <algorithm>

namespace tidemark::guard {
namespace {

constexpr std::uint32_t kWarmUp = 10;

}  // namespace

Gradient2Rule::Gradient2Rule(const Gradient2Settings& settings)
    : settings_(settings), limit_(std::clamp<double>(settings.initial, settings.min, settings.max)) {}

double Gradient2Rule::step(const Gradient2Settings& settings, double limit, double long_rtt, double short_rtt) {
  const double gradient = std::clamp(settings.tolerance * long_rtt / short_rtt, 0.5, 1.0);
  const double next = limit * gradient + settings.queue;
  const double smoothed = limit * (1 - settings.smoothing) + next * settings.smoothing;
  return std::max<double>(settings.min, std::min<double>(settings.max, smoothed));
}

void Gradient2Rule::update(const RttSample& sample) {
  const double short_s = to_seconds(std::max(sample.rtt, Nanos{1}));
  if (warm_ < kWarmUp) {
    ++warm_;
    sum_s_ += short_s;
    long_s_ = sum_s_ / warm_;
  } else {
    const double factor = 2.0 / (settings_.long_window + 1.0);
    long_s_ += factor * (short_s - long_s_);
  }
  if (long_s_ / short_s > 2) long_s_ *= 0.95;
  if (sample.in_flight < limit_ / 2) return;
  limit_ = step(settings_, limit_, long_s_, short_s);
}

}  // namespace tidemark::guard
