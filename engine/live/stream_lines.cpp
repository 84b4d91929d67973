#include "engine/live/stream_lines.h"

#include <nlohmann/json.hpp>

#include "engine/core/summary_json.h"

namespace tidemark::live {
namespace {

// The fields of a line of series.ndjson.
nlohmann::json series_of(const StepProgress& step, double t_s) {
  nlohmann::json json = {{"t_s", t_s}, {"step", step.step}, {"requests", step.second}};
  put_clocks(json, step.clocks);
  return json;
}

nlohmann::json generator_of(const Progress& progress) {
  const GeneratorLevel& level = progress.generator;
  return {{"cpu_share", level.cpu_share},         {"run_queue_share", level.run_queue_share},
          {"steal_share", level.steal_share},     {"sends", level.sends},
          {"late_sends", level.late_sends},       {"worst_lateness_us", level.worst_lateness_us},
          {"no_descriptor", level.no_descriptor}, {"no_port", level.no_port},
          {"connections", progress.connections},  {"waiting", progress.waiting}};
}

nlohmann::json node_of(const NodeLevel& node) {
  return {{"node", node.node},           {"service", node.service},       {"missed", node.missed},
          {"cpu_share", node.cpu_share}, {"busy_share", node.busy_share}, {"queued", node.queued},
          {"refused", node.refused}};
}

std::string line_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string stream_line(const Progress& progress, std::uint64_t dropped) {
  const double start_s = progress.t_s - progress.length_s;
  nlohmann::json json = series_of(progress.total, start_s);
  json["type"] = "second";
  json["run_id"] = progress.run_id;
  json["length_s"] = progress.length_s;
  json["duration_s"] = progress.duration_s;
  json["sending"] = progress.sending;
  json["offered_rate"] = progress.offered_rate;
  json["achieved_rate"] = progress.achieved_rate;
  json["flows"] = progress.flows_second;
  json["total"] = {{"flows", progress.flows}, {"requests", progress.total.so_far}, {"errors", progress.errors}};
  json["generator"] = generator_of(progress);
  json["dropped_lines"] = dropped;
  json["steps"] = nlohmann::json::array();
  for (const auto& step : progress.steps) json["steps"].push_back(series_of(step, start_s));
  json["nodes"] = nlohmann::json::array();
  for (const auto& node : progress.nodes) json["nodes"].push_back(node_of(node));
  return line_of(json);
}

std::string stream_end(const Summary& summary, std::uint64_t dropped) {
  return line_of({{"type", "end"}, {"run_id", summary.run_id}, {"dropped_lines", dropped}, {"summary", summary}});
}

}  // namespace tidemark::live
