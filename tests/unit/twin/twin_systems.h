// Small systems and loads that the tests of models/twin share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/schedule/arrivals.h"
#include "models/twin/simulation.h"

namespace tidemark::twin {

inline ServiceTime lognormal(double mean_s, double cv) {
  return {.kind = ServiceTime::Kind::lognormal, .mean_s = mean_s, .cv = cv};
}
inline ServiceTime exponential(double mean_s) {
  return {.kind = ServiceTime::Kind::exponential, .mean_s = mean_s};
}
inline ServiceTime constant(double mean_s) {
  return {.kind = ServiceTime::Kind::constant, .mean_s = mean_s};
}

inline Service one_operation(std::string name, ServiceTime time, std::uint32_t workers) {
  Service service;
  service.name = std::move(name);
  service.workers = workers;
  service.operations.push_back({.name = "do", .time = std::move(time)});
  return service;
}

inline Flow flow_to(const std::string& service, const std::string& name = "flow") {
  return {.name = name, .steps = {{.name = name, .service = service, .operation = "do"}}};
}

// One service called by one flow.
inline System single(ServiceTime time, std::uint32_t workers) {
  System system;
  system.services.push_back(one_operation("a", std::move(time), workers));
  system.flows.push_back(flow_to("a"));
  system.timeout = {};
  return system;
}

// a -> b -> c ..., one call each.
inline System chain(const std::vector<Service>& services) {
  System system;
  system.services = services;
  for (std::size_t i = 0; i + 1 < services.size(); ++i) {
    system.services[i].operations[0].then.push_back({{{.service = services[i + 1].name, .operation = "do"}}});
  }
  system.flows.push_back(flow_to(services[0].name));
  return system;
}

struct LoadStage {
  double rate = 0;
  Nanos duration{};
};

inline std::unique_ptr<schedule::ArrivalStream> arrivals_for(const System& system, const std::vector<LoadStage>& stages,
                                                             std::uint64_t seed = 1, bool even = false) {
  schedule::Scenario scenario;
  for (const Flow& flow : system.flows) scenario.flows.push_back({.name = flow.name, .weight = flow.weight});
  if (even) scenario.load.arrivals = schedule::Load::Arrivals::even;
  for (const LoadStage& stage : stages) {
    const Rate rate = Rate::per_second(stage.rate);
    scenario.load.stages.push_back({rate, rate, stage.duration});
  }
  return schedule::make_arrivals(scenario, seed).value();
}

}  // namespace tidemark::twin
