// A small capacity model written by hand: an edge that never waits, one service with a pool, one store that does not
// scale out.
#pragma once

#include "models/capacity/model.h"

namespace tidemark::testing {

inline capacity::ServiceModel service_with_pool(const std::string& name, std::uint32_t workers, double hold_s) {
  capacity::ServiceModel service{.service = name, .workers = workers, .chosen = "pool-limited"};
  service.reason = "written by hand";
  service.hold_s = {hold_s, 0.99 * hold_s, 1.01 * hold_s};
  service.hold_cv = 0.6;
  service.hold_cv_se = 0.02;
  const double full = workers / hold_s;
  service.capacity_per_node = {full, 0.99 * full, 1.01 * full};
  return service;
}

// One flow "view" of one step: edge (64 workers, 22 ms) -> work (4 workers, 20 ms) -> store (8 workers, 2 ms).
inline capacity::CapacityModel small_model() {
  capacity::CapacityModel model;
  model.run_ids = {"a", "b"};
  model.mix = {{"view", 1.0}};
  model.services["edge"] = service_with_pool("edge", 64, 0.022);
  model.services["edge"].hold_waits = {{"work", 1.0}};
  model.services["work"] = service_with_pool("work", 4, 0.020);
  model.services["store"] = service_with_pool("store", 8, 0.002);
  model.services["store"].scales_out = false;
  for (const auto& [name, service] : model.services) {
    const auto& hold = service.hold_s;
    model.demand["view"][name] = {.visits = 1, .busy_s = hold, .cpu_s = {0.0002, 0.0002, 0.0002}};
  }
  auto& work = model.services["work"];
  work.points.push_back({.run_id = "a",
                         .stage = 1,
                         .nodes = 3,
                         .flow_rate = 300,
                         .rate_per_node = 100,
                         .busy_per_node = 2,
                         .wait_per_node = 0.2,
                         .cpu_per_node = 0.1,
                         .hold_s = 0.02,
                         .saturated = false});
  work.fits.push_back({.law = "pool-limited",
                       .parameters = {{"hold_s", {0.02, 0.019, 0.021}}, {"workers", {4, 4, 4}}},
                       .residual_se = 1,
                       .aicc = -3,
                       .points = 7,
                       .usable = true,
                       .note = "the sum of squares no longer falls"});
  capacity::StepLatency step{
      .step = "view", .flow = "view", .base = Histogram(), .path = {{"edge", 1.0}, {"work", 1.0}, {"store", 1.0}}};
  for (int i = 0; i < 4000; ++i) step.base.record(10'000 + 12 * i);  // 10 to 58 ms, p99 57.5 ms
  model.steps.push_back(std::move(step));
  model.notes = {"a note"};
  return model;
}

}  // namespace tidemark::testing
