// Values with every field set to something of its own, for round trips.
#pragma once

#include "engine/core/span.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"

namespace tidemark {

inline WatermarkSample sample_watermark() {
  WatermarkSample sample;
  sample.t_s = 12.5;
  sample.node = "product-2";
  sample.service = "product";
  sample.cpu_seconds = 1.25;
  sample.busy_seconds = 7.5;
  sample.wait_seconds = 0.125;
  sample.arrived = 1001;
  sample.completed = 1000;
  sample.failed = 2;
  sample.refused = 3;
  sample.workers = 8;
  sample.in_use = 5;
  sample.in_use_max = 8;
  sample.queued = 1;
  sample.queued_max = 4;
  sample.resident_bytes = 12'345'678;
  sample.operation_busy_seconds = {{"get", 7.25}, {"search", 0.25}};
  sample.operation_completed = {{"get", 990}, {"search", 10}};
  sample.flow_requests = {{"browse", 900}, {"other", 100}};
  sample.extra = {{"cache_hits", 800.5}};
  return sample;
}

inline Span sample_span() {
  Span span;
  span.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  span.id = "b9c7c989f97918e1";
  span.parent_id = "00f067aa0ba902b7";
  span.name = "GET /products/7";
  span.kind = "SERVER";
  span.service = "product";
  span.node = "product-2";
  span.timestamp_us = 1'767'323'045'123'456;
  span.duration_us = 1875;
  span.tags = {{"http.status_code", "200"}};
  return span;
}

inline ThreeClocks sample_clocks(double base) {
  const auto clock = [](double from) {
    return Quantiles{99, from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 0.5};
  };
  return {clock(base), clock(base + 10), clock(base + 20)};
}

inline Summary sample_summary() {
  Summary summary;
  summary.run_id = "00112233445566aa";
  summary.duration_s = 60.5;
  summary.flows = {100, 90, 5, 3, 2};
  summary.requests = {300, 290, 5, 3, 2};
  summary.offered_rate = 5.5;
  summary.achieved_rate = 5.25;
  summary.clocks = sample_clocks(100);
  summary.timer_floor_us = {900, 18.25, 40, 55, 81, 97, 98.5, 24.5};
  summary.overflowed = 17;
  summary.by_step["browse/list"] = {{200, 195, 3, 1, 1}, sample_clocks(200)};
  summary.by_step["buy, now"] = {{100, 95, 2, 2, 1}, sample_clocks(300)};
  summary.errors = {{"status 500", 5}, {"other", 1}};
  NodeSummary& node = summary.nodes["product-1"];
  node.service = "product";
  node.cpu_share_max = 0.5;
  node.busy_share_max = 0.95;
  node.busy_share_max_t_s = 41;
  node.queued_max = 12;
  node.refused = 7;
  node.saturated_at_s = 40;
  node.saturated_by = "workers";
  node.missed_samples = 1;
  summary.first_saturated = "product-1 (workers)";
  summary.thresholds.push_back({"response.p99 < 86ms", 86'000, 85'000, 84'000, 87'000, "undecided"});
  summary.audited = true;
  summary.leaks.push_back({"store/live/orders", "row 7 carries the tag of run 00112233445566aa"});
  summary.validity = "generator-limited";
  summary.validity_reasons = {"own CPU above 85 % for 3 s"};
  summary.verdict = "undecided";
  summary.stop_reason = "interrupted";
  return summary;
}

}  // namespace tidemark
