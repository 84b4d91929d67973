#include "engine/drive/validity.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemark::drive {
namespace {

constexpr double kLateShare = 0.01;
constexpr double kBusyCore = 0.85;
constexpr double kStolen = 0.10;
constexpr double kContended = 0.05;
constexpr double kThrottled = 0.05;
constexpr double kMemoryStall = 0.10;
constexpr double kMemoryLeft = 0.01;
constexpr std::size_t kIntervals = 3;
constexpr double kWholeSecond = 0.9;  // shorter pieces at the end say little about a share

struct Sums {
  std::uint64_t sends = 0, late = 0, no_descriptor = 0, no_port = 0, held_back = 0;
  std::size_t busy = 0, stolen = 0, stalled = 0, short_of_memory = 0;
  double busiest = 0, most_stolen = 0, run_queue = 0, throttled = 0, length_s = 0;
};

Sums sums_of(const std::vector<ValiditySample>& samples) {
  Sums sums;
  for (const auto& sample : samples) {
    sums.sends += sample.sends;
    sums.late += sample.late_sends;
    sums.no_descriptor += sample.no_descriptor;
    sums.no_port += sample.no_port;
    sums.held_back += sample.held_back;
    sums.length_s += sample.length_s;
    sums.run_queue += sample.run_queue_share * sample.length_s;
    sums.throttled += sample.throttled_share * sample.length_s;
    if (sample.length_s < kWholeSecond) continue;
    sums.busy += sample.cpu_share > kBusyCore ? 1 : 0;
    sums.stolen += sample.steal_share > kStolen ? 1 : 0;
    sums.stalled += sample.memory_stall_share > kMemoryStall ? 1 : 0;
    const auto total = static_cast<double>(sample.total_bytes);
    sums.short_of_memory += static_cast<double>(sample.available_bytes) < kMemoryLeft * total ? 1 : 0;
    sums.busiest = std::max(sums.busiest, sample.cpu_share);
    sums.most_stolen = std::max(sums.most_stolen, sample.steal_share);
  }
  return sums;
}

std::vector<std::string> environment_reasons(const Sums& sums) {
  std::vector<std::string> reasons;
  if (sums.no_descriptor > 0) {
    reasons.push_back(fmt::format("{} connections not opened: no file descriptor left; raise the limit (ulimit -n)",
                                  sums.no_descriptor));
  }
  if (sums.no_port > 0) {
    reasons.push_back(fmt::format("{} connections not opened: no local port left", sums.no_port));
  }
  if (sums.stolen >= kIntervals) {
    reasons.push_back(fmt::format("the host took more than {:.0f} % of the core away in {} seconds, at most {:.0f} %",
                                  kStolen * 100, sums.stolen, sums.most_stolen * 100));
  }
  if (sums.stalled >= kIntervals) {
    reasons.push_back(fmt::format("the machine waited for memory for more than {:.0f} % of the time in {} seconds",
                                  kMemoryStall * 100, sums.stalled));
  }
  if (sums.short_of_memory >= kIntervals) {
    reasons.push_back(fmt::format("the machine had less than {:.0f} % of its memory left in {} seconds",
                                  kMemoryLeft * 100, sums.short_of_memory));
  }
  if (static_cast<double>(sums.held_back) > kLateShare * static_cast<double>(sums.sends)) {
    reasons.push_back(fmt::format("{} sends were held back by the limit of the approval: less was sent than planned",
                                  sums.held_back));
  }
  return reasons;
}

std::vector<std::string> generator_reasons(const ValidityInput& input, const Sums& sums) {
  std::vector<std::string> reasons;
  const double late_share = sums.sends == 0 ? 0 : static_cast<double>(sums.late) / static_cast<double>(sums.sends);
  if (late_share > kLateShare) {
    reasons.push_back(
        fmt::format("{:.1f} % of the sends were more than 1 ms late (limit {:.0f} %), the worst by {:.1f} ms",
                    late_share * 100, kLateShare * 100, input.worst_lateness_ms));
    const double contended = sums.length_s > 0 ? sums.run_queue / sums.length_s : 0;
    if (contended > kContended) {
      reasons.push_back(fmt::format(
          "the generator waited {:.0f} % of the time for its core: give it one of its own (--cpu N)", contended * 100));
    }
    const double throttled = sums.length_s > 0 ? sums.throttled / sums.length_s : 0;
    if (throttled > kThrottled) {
      reasons.push_back(
          fmt::format("the CPU quota of its cgroup held the generator for {:.0f} % of the time", throttled * 100));
    }
  }
  if (sums.busy >= kIntervals) {
    reasons.push_back(fmt::format("the generator used more than {:.0f} % of its core in {} seconds, at most {:.0f} %",
                                  kBusyCore * 100, sums.busy, sums.busiest * 100));
  }
  if (input.dropped > 0) {
    reasons.push_back(fmt::format("{} of {} flows were dropped: every connection in use and the queue full",
                                  input.dropped, input.planned));
  }
  return reasons;
}

}  // namespace

Validity judge_validity(const ValidityInput& input) {
  const Sums sums = sums_of(input.samples);
  Validity validity;
  validity.reasons = environment_reasons(sums);
  if (!validity.reasons.empty()) validity.word = "environment-limited";
  if (!input.open_model) return validity;
  const auto generator = generator_reasons(input, sums);
  if (!generator.empty() && validity.reasons.empty()) validity.word = "generator-limited";
  validity.reasons.insert(validity.reasons.end(), generator.begin(), generator.end());
  return validity;
}

}  // namespace tidemark::drive
