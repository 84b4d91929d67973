#include "models/twin/autoscaler.h"

#include <algorithm>
#include <cmath>

namespace tidemark::twin {
namespace {

constexpr double kTolerance = 0.1;
constexpr Nanos kDownWindow = std::chrono::seconds(300);
constexpr Nanos kStableWindow = std::chrono::seconds(60), kPanicWindow = std::chrono::seconds(6);
constexpr double kPanicThreshold = 2, kMostUp = 1000, kMostDown = 2;

std::uint32_t whole(double value) {
  // A hair above a whole number is rounding, not load: 0.7 x 3 / 0.7 must stay 3.
  return static_cast<std::uint32_t>(std::max(0.0, std::ceil(value - 1e-9)));
}

}  // namespace

std::uint32_t hpa_desired(std::uint32_t ready, std::uint32_t unready, double usage, double target) {
  const std::uint32_t nodes = ready + unready;
  if (ready == 0) return nodes;
  double ratio = usage / target;
  if (unready == 0 || ratio <= 1) return std::abs(1 - ratio) <= kTolerance ? nodes : whole(ratio * ready);
  ratio = ratio * ready / nodes;
  if (ratio < 1 || std::abs(1 - ratio) <= kTolerance) return nodes;
  return std::max(nodes, whole(ratio * nodes));
}

std::uint32_t hpa_most_up(std::uint32_t nodes) {
  return std::max(2 * nodes, nodes + 4);
}

std::uint32_t external_desired(std::uint32_t nodes, double sum, double target) {
  const double ratio = nodes > 0 ? sum / (target * nodes) : 2;
  return std::abs(1 - ratio) <= kTolerance ? nodes : whole(sum / target);
}

std::uint32_t AutoscalerState::desired(const ScaleInput& input) {
  const std::uint32_t nodes = input.ready + input.unready;
  std::uint32_t wanted = nodes;
  switch (settings_.rule) {
    case Autoscaler::Rule::hpa:
      wanted =
          stabilised(input.now, hpa_desired(input.ready, input.unready, input.busy_share, settings_.target), nodes);
      break;
    case Autoscaler::Rule::external:
      wanted = stabilised(input.now, external_desired(nodes, input.arrival_rate, settings_.target), nodes);
      break;
    case Autoscaler::Rule::kpa:
      wanted = kpa(input);
      break;
  }
  return std::clamp(wanted, settings_.min_nodes, settings_.max_nodes);
}

// Down only to the highest recommendation of the last 300 s; up by no more than the default policy.
std::uint32_t AutoscalerState::stabilised(Nanos now, std::uint32_t wanted, std::uint32_t nodes) {
  while (!recommended_.empty() && recommended_.front().at <= now - kDownWindow) recommended_.pop_front();
  recommended_.push_back({now, static_cast<double>(wanted)});
  if (wanted > nodes) return std::min(wanted, hpa_most_up(nodes));
  for (const Seen& seen : recommended_) wanted = std::max(wanted, static_cast<std::uint32_t>(seen.value));
  return std::min(wanted, nodes);
}

double AutoscalerState::mean_concurrency(Nanos from) const {
  double sum = 0, count = 0;
  for (const Seen& seen : concurrency_) {
    if (seen.at <= from) continue;
    sum += seen.value;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

std::uint32_t AutoscalerState::kpa(const ScaleInput& input) {
  while (!concurrency_.empty() && concurrency_.front().at <= input.now - kStableWindow) concurrency_.pop_front();
  concurrency_.push_back({input.now, input.concurrency});
  const double ready = std::max(1.0, static_cast<double>(input.ready));
  const double low = std::floor(ready / kMostDown), high = std::ceil(kMostUp * ready);
  const double stable =
      std::clamp<double>(whole(mean_concurrency(input.now - kStableWindow) / settings_.target), low, high);
  const double raw = whole(mean_concurrency(input.now - kPanicWindow) / settings_.target);
  const double panic = std::clamp(raw, low, high);
  if (raw / ready >= kPanicThreshold) {
    if (!panics_) panic_nodes_ = input.ready;
    panics_ = true;
    panicked_ = input.now;
  } else if (panics_ && input.now - panicked_ >= kStableWindow) {
    panics_ = false;
    panic_nodes_ = 0;
  }
  if (!panics_) return static_cast<std::uint32_t>(stable);
  panic_nodes_ = std::max(panic_nodes_, static_cast<std::uint32_t>(std::max(stable, panic)));
  return panic_nodes_;
}

}  // namespace tidemark::twin
