// One second of a run with round numbers, for what shows it.
#pragma once

#include "engine/core/progress.h"

namespace tidemark::test {

inline Quantiles quantiles(double p50_us) {
  return {.count = 100,
          .p50 = p50_us,
          .p90 = p50_us * 1.5,
          .p95 = p50_us * 2,
          .p99 = p50_us * 2.5,
          .p999 = p50_us * 3,
          .max = p50_us * 4,
          .mean = p50_us * 1.1};
}

inline StepProgress step_progress(const std::string& name, std::uint64_t ok, double p50_us) {
  StepProgress step{.step = name,
                    .second = {.started = ok, .ok = ok, .failed = 0, .timed_out = 0, .in_flight = 3},
                    .so_far = {.started = 10 * ok + 5, .ok = 10 * ok, .failed = 1, .timed_out = 1, .in_flight = 3},
                    .clocks = {quantiles(p50_us), quantiles(p50_us - 100), quantiles(60)}};
  step.response.counts[6] = 10 * ok;
  step.response.counts[18] = 2;
  step.response.sum_us = static_cast<double>(ok) * p50_us * 10;
  return step;
}

inline Progress sample_progress() {
  Progress progress{.run_id = "00112233445566aa", .title = "sale", .t_s = 37, .length_s = 1, .duration_s = 60};
  progress.offered_rate = 171;
  progress.achieved_rate = 170;
  progress.flows_second = {.planned = 171, .completed = 170, .aborted = 0, .dropped = 0, .in_flight = 6};
  progress.flows = {.planned = 6327, .completed = 6319, .aborted = 2, .dropped = 0, .in_flight = 6};
  progress.total = step_progress("", 170, 32'100);
  progress.steps = {step_progress("browse", 145, 33'000), step_progress("buy", 25, 20'000)};
  progress.errors = {{"status 500", 2}, {"timed out", 2}};
  progress.connections = 12;
  progress.generator = {.cpu_share = 0.12,
                        .run_queue_share = 0,
                        .steal_share = 0.02,
                        .sends = 171,
                        .late_sends = 1,
                        .worst_lateness_us = 1250};
  progress.nodes = {{.node = "gateway-1", .service = "gateway", .cpu_share = 0.21, .busy_share = 0.01},
                    {.node = "product-1", .service = "product", .cpu_share = 0.05, .busy_share = 0.93, .queued = 7}};
  return progress;
}

}  // namespace tidemark::test
