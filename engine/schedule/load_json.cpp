// A load as the manifest keeps it. What was written as steps or a spike is stages here.
#include <nlohmann/json.hpp>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

using nlohmann::json;

json stages_json(const std::vector<Stage>& stages) {
  json result = json::array();
  for (const Stage& stage : stages) {
    json item = {{"duration", format_duration(stage.duration)}};
    if (stage.from == stage.to) {
      item["rate"] = stage.from.per_second();
    } else {
      item["from"] = stage.from.per_second();
      item["to"] = stage.to.per_second();
    }
    result.push_back(std::move(item));
  }
  return result;
}

void put_open(json& result, const Load& load) {
  if (!load.replay && !load.offsets && !load.bursts)
    result["arrivals"] = load.arrivals == Load::Arrivals::poisson ? "poisson" : "even";
  if (!load.stages.empty()) result["stages"] = stages_json(load.stages);
  if (load.shape) {
    result["shape"] = {{"file", escaped(load.shape->file.string())},
                       {"duration", format_duration(load.shape->duration)}};
    if (load.shape->mean) result["shape"]["mean"] = load.shape->mean->per_second();
    if (load.shape->peak) result["shape"]["peak"] = load.shape->peak->per_second();
  }
  if (load.replay) result["replay"] = {{"file", escaped(load.replay->file.string())}, {"speed", load.replay->speed}};
  if (load.offsets)
    result["offsets"] = {{"file", escaped(load.offsets->file.string())}, {"speed", load.offsets->speed}};
  if (load.bursts) {
    result["bursts"] = {{"size", load.bursts->size},
                        {"every", format_duration(load.bursts->every)},
                        {"duration", format_duration(load.bursts->duration)}};
  }
  if (load.sine) {
    result["sine"] = {{"mean", load.sine->mean.per_second()},
                      {"amplitude", load.sine->amplitude.per_second()},
                      {"period", format_duration(load.sine->period)},
                      {"phase", format_duration(load.sine->phase)},
                      {"duration", format_duration(load.sine->duration)}};
  }
}

void put_closed(json& result, const Load& load) {
  if (load.users.empty()) result["duration"] = format_duration(load.duration);
  for (const UserStage& stage : load.users) {
    json item = {{"duration", format_duration(stage.duration)}};
    if (stage.from == stage.to) {
      item["users"] = stage.from;
    } else {
      item["from"] = stage.from;
      item["to"] = stage.to;
    }
    result["stages"].push_back(std::move(item));
  }
  if (load.think.kind != ThinkTime::Kind::none) result["think"] = think_json(load.think);
  if (load.pacing > Nanos{}) result["pacing"] = format_duration(load.pacing);
}

}  // namespace

json load_json(const Load& load) {
  json result = {{"model", load.model == Load::Model::open ? "open" : "closed"}};
  if (load.connections > 0) result["connections"] = load.connections;
  if (load.grace) result["grace"] = format_duration(*load.grace);
  for (const std::string& flow : load.flows) result["flows"].push_back(flow);
  if (load.model == Load::Model::open) {
    put_open(result, load);
  } else {
    put_closed(result, load);
  }
  return result;
}

}  // namespace tidemark::schedule
