#include "engine/record/node_summary.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>

namespace tidemark::record {
namespace {

constexpr double kBusyShare = 0.9;
constexpr double kCpuShare = 0.9;
constexpr double kLeastWaiting = 0.1;  // requests: below it, waiting is the cost of handing over, not a queue
constexpr double kHoldSeconds = 3;
constexpr double kClockTolerance = 0.1;  // seconds: samples are taken each second, give or take the scraper's own delay

struct Shares {
  double cpu = 0, busy = 0;
  bool wait_above_service = false;
};

bool ran_backwards(const WatermarkSample& from, const WatermarkSample& to) {
  return to.cpu_seconds < from.cpu_seconds || to.busy_seconds < from.busy_seconds ||
         to.wait_seconds < from.wait_seconds || to.completed < from.completed || to.refused < from.refused;
}

Shares shares_between(const WatermarkSample& from, const WatermarkSample& to) {
  const double seconds = to.t_s - from.t_s;
  const double busy = to.busy_seconds - from.busy_seconds, wait = to.wait_seconds - from.wait_seconds;
  Shares shares;
  shares.cpu = (to.cpu_seconds - from.cpu_seconds) / seconds;
  if (to.workers > 0) shares.busy = busy / (seconds * to.workers);
  shares.wait_above_service = wait > busy && wait >= kLeastWaiting * seconds;
  return shares;
}

// Since when a condition has held without a break, and when it first had held long enough.
class Streak {
 public:
  void step(bool holds, double from_s, double to_s) {
    if (!holds) return reset();
    if (since_s_ < 0) since_s_ = from_s;
    if (held_since_s_ < 0 && to_s - since_s_ >= kHoldSeconds - kClockTolerance) held_since_s_ = since_s_;
  }
  void reset() { since_s_ = -1; }
  double held_since_s() const { return held_since_s_; }

 private:
  double since_s_ = -1, held_since_s_ = -1;
};

NodeSummary summarise(std::span<const WatermarkSample> samples) {
  NodeSummary summary;
  summary.service = samples.front().service;
  Streak cpu, workers, wait;
  const WatermarkSample* last = nullptr;
  for (const WatermarkSample& sample : samples) {
    if (sample.missed) {
      ++summary.missed_samples;
      continue;
    }
    summary.queued_max = std::max(summary.queued_max, sample.queued_max);
    const WatermarkSample* from = last;
    last = &sample;
    if (from == nullptr || sample.t_s <= from->t_s) continue;
    if (ran_backwards(*from, sample)) {
      for (Streak* streak : {&cpu, &workers, &wait}) streak->reset();
      continue;
    }
    const Shares shares = shares_between(*from, sample);
    summary.refused += sample.refused - from->refused;
    summary.cpu_share_max = std::max(summary.cpu_share_max, shares.cpu);
    if (shares.busy > summary.busy_share_max) {
      summary.busy_share_max = shares.busy;
      summary.busy_share_max_t_s = from->t_s;
    }
    cpu.step(shares.cpu >= kCpuShare, from->t_s, sample.t_s);
    workers.step(shares.busy >= kBusyShare, from->t_s, sample.t_s);
    wait.step(shares.wait_above_service, from->t_s, sample.t_s);
  }
  const std::array<std::pair<const char*, double>, 3> found{
      {{"cpu", cpu.held_since_s()}, {"workers", workers.held_since_s()}, {"wait", wait.held_since_s()}}};
  for (const auto& [resource, since_s] : found) {
    if (since_s < 0 || (summary.saturated_at_s >= 0 && since_s >= summary.saturated_at_s)) continue;
    summary.saturated_at_s = since_s;
    summary.saturated_by = resource;
  }
  return summary;
}

}  // namespace

NodeSummaries summarise_nodes(std::vector<WatermarkSample> samples) {
  std::stable_sort(samples.begin(), samples.end(), [](const WatermarkSample& a, const WatermarkSample& b) {
    return std::tie(a.node, a.t_s) < std::tie(b.node, b.t_s);
  });
  NodeSummaries result;
  double earliest_s = -1;
  for (auto begin = samples.begin(); begin != samples.end();) {
    const auto end = std::find_if(begin, samples.end(), [&](const auto& sample) { return sample.node != begin->node; });
    const NodeSummary summary = summarise({begin, end});
    if (summary.saturated_at_s >= 0 && (earliest_s < 0 || summary.saturated_at_s < earliest_s)) {
      earliest_s = summary.saturated_at_s;
      result.first_saturated = begin->node + " (" + summary.saturated_by + ")";
    }
    result.nodes.emplace(begin->node, summary);
    begin = end;
  }
  return result;
}

}  // namespace tidemark::record
