#include "engine/drive/progress_builder.h"

#include <algorithm>
#include <utility>

namespace tidemark::drive {
namespace {

void count(CoarseClock& into, const Histogram& second) {
  if (second.total() == 0) return;
  into.sum_us += second.mean() * static_cast<double>(second.total());
  for (const auto& bucket : second.buckets()) {
    const auto bound = std::lower_bound(kClockBounds.begin(), kClockBounds.end(), bucket.low);
    into.counts[static_cast<std::size_t>(bound - kClockBounds.begin())] += bucket.count;
  }
}

GeneratorLevel generator_level(const IntervalStats& second, double steal_share) {
  const SelfStats& self = second.self;
  GeneratorLevel level{.steal_share = steal_share,
                       .sends = self.sends,
                       .late_sends = self.late_sends,
                       .worst_lateness_us = static_cast<double>(self.worst_lateness_ns) * 1e-3,
                       .no_descriptor = self.no_descriptor,
                       .no_port = self.no_port};
  const auto length = static_cast<double>(second.end_ns - second.start_ns);
  if (length <= 0) return level;
  level.cpu_share = std::min(1.0, static_cast<double>(self.cpu_ns) / length);
  level.run_queue_share = std::min(1.0, static_cast<double>(self.run_queue_ns) / length);
  return level;
}

}  // namespace

ProgressBuilder::ProgressBuilder(Options options) : options_(std::move(options)), coarse_(options_.series.size()) {}

void ProgressBuilder::watermark(const WatermarkSample& sample) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[sample.node];
  NodeLevel& level = node.level;
  level.node = sample.node;
  level.service = sample.service;
  level.missed = sample.missed;
  if (sample.missed) return;
  const WatermarkSample& last = node.last;
  const double seconds = sample.t_s - last.t_s;
  // A node without an earlier sample, or one that was started anew, has no second to speak of yet.
  if (!last.node.empty() && seconds > 0 && sample.cpu_seconds >= last.cpu_seconds && sample.refused >= last.refused) {
    level.cpu_share = (sample.cpu_seconds - last.cpu_seconds) / seconds;
    level.busy_share = sample.workers == 0 ? 0 : (sample.busy_seconds - last.busy_seconds) / (seconds * sample.workers);
    level.refused = sample.refused - last.refused;
  }
  level.queued = sample.queued_max;
  node.last = sample;
}

StepProgress ProgressBuilder::step(const std::string& name, const SeriesStats& second, const RequestBook& so_far,
                                   Coarse& coarse) const {
  count(coarse.response, second.response);
  count(coarse.service, second.service);
  count(coarse.lag, second.lag);
  StepProgress step{.step = name,
                    .second = second.counts,
                    .so_far = so_far,
                    .clocks = {.response_us = quantiles_of(second.response),
                               .service_us = quantiles_of(second.service),
                               .lag_us = quantiles_of(second.lag)},
                    .response = coarse.response,
                    .service = coarse.service,
                    .lag = coarse.lag};
  if (options_.slow_us > 0) step.slow = second.response.total() - second.response.count_at_or_below(options_.slow_us);
  return step;
}

Progress ProgressBuilder::second(const IntervalStats& second, const SeriesStats& total, const IntervalStats& so_far,
                                 double steal_share) {
  const double length_s = static_cast<double>(second.end_ns - second.start_ns) * 1e-9;
  Progress progress{.run_id = options_.run_id,
                    .title = options_.title,
                    .t_s = static_cast<double>(second.end_ns) * 1e-9,
                    .length_s = length_s,
                    .duration_s = options_.duration_s,
                    .sending = second.sending,
                    .flows_second = second.flows,
                    .flows = so_far.flows,
                    .total = step("", total, so_far.book(), total_),
                    .errors = {so_far.errors.begin(), so_far.errors.end()},
                    .connections = second.connections,
                    .waiting = second.waiting,
                    .generator = generator_level(second, steal_share)};
  if (length_s > 0) {
    progress.offered_rate = static_cast<double>(second.planned_requests) / length_s;
    progress.achieved_rate = static_cast<double>(total.counts.ok) / length_s;
  }
  for (std::size_t i = 0; i < options_.series.size(); ++i) {
    progress.steps.push_back(step(options_.series[i], second.series[i], so_far.series[i].counts, coarse_[i]));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : nodes_) progress.nodes.push_back(node.level);
  return progress;
}

}  // namespace tidemark::drive
