#include "reports/page/levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLongestRun = 7 * 86'400;  // seconds; a damaged time must not size an array

void raise(std::vector<double>& values, std::size_t second, double value) {
  double& level = values[second];
  if (std::isnan(level) || value > level) level = value;
}

}  // namespace

Levels levels_of(const std::vector<WatermarkSample>& samples) {
  double last = -1;
  for (const auto& sample : samples) {
    if (sample.t_s >= 0 && sample.t_s < kLongestRun) last = std::max(last, sample.t_s);
  }
  Levels levels;
  if (last < 0) return levels;
  const auto size = static_cast<std::size_t>(last) + 1;
  for (std::size_t i = 0; i < size; ++i) levels.x.push_back(static_cast<double>(i));

  std::map<std::string, const WatermarkSample*> before;
  for (const auto& sample : samples) {
    if (sample.missed || sample.t_s < 0 || sample.t_s >= kLongestRun) continue;
    auto& service = levels.services[sample.service];
    if (service.cpu.empty()) {
      for (auto* values : {&service.busy_share, &service.queued, &service.cpu}) values->assign(size, kNone);
    }
    const auto second = static_cast<std::size_t>(sample.t_s);
    raise(service.queued, second, sample.queued_max);
    const WatermarkSample*& previous = before[sample.node];
    const double dt = previous ? sample.t_s - previous->t_s : 0;
    // A restarted node counts from zero again: its first second has no difference.
    if (previous && dt > 0 && sample.busy_seconds >= previous->busy_seconds &&
        sample.cpu_seconds >= previous->cpu_seconds) {
      raise(service.cpu, second, (sample.cpu_seconds - previous->cpu_seconds) / dt);
      if (sample.workers > 0)
        raise(service.busy_share, second, (sample.busy_seconds - previous->busy_seconds) / dt / sample.workers);
    }
    previous = &sample;
  }
  return levels;
}

Peak peak_of(const std::vector<double>& x, const std::vector<double>& values) {
  Peak peak;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i]) || (peak.seen && values[i] <= peak.value)) continue;
    peak = {values[i], x[i], true};
  }
  return peak;
}

}  // namespace tidemark::report
