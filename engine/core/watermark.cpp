#include "engine/core/watermark.h"

#include <nlohmann/json.hpp>

#include "engine/core/json_fields.h"

namespace tidemark {

void to_json(nlohmann::json& json, const WatermarkSample& sample) {
  json = {{"t_s", sample.t_s}, {"node", sample.node}, {"service", sample.service}, {"missed", sample.missed}};
  if (sample.missed) return;
  json["cpu_seconds"] = sample.cpu_seconds;
  json["busy_seconds"] = sample.busy_seconds;
  json["wait_seconds"] = sample.wait_seconds;
  json["arrived"] = sample.arrived;
  json["completed"] = sample.completed;
  json["failed"] = sample.failed;
  json["refused"] = sample.refused;
  json["workers"] = sample.workers;
  json["in_use"] = sample.in_use;
  json["in_use_max"] = sample.in_use_max;
  json["queued"] = sample.queued;
  json["queued_max"] = sample.queued_max;
  json["resident_bytes"] = sample.resident_bytes;
  json["operation_busy_seconds"] = sample.operation_busy_seconds;
  json["operation_completed"] = sample.operation_completed;
  json["flow_requests"] = sample.flow_requests;
  json["extra"] = sample.extra;
}

Result<WatermarkSample> parse_watermark(const nlohmann::json& json, std::string_view place) {
  WatermarkSample sample;
  JsonFields fields(json, place);
  fields.number("t_s", sample.t_s);
  fields.text("node", sample.node);
  fields.text("service", sample.service);
  fields.flag("missed", sample.missed);
  if (!sample.missed) {
    fields.number("cpu_seconds", sample.cpu_seconds);
    fields.number("busy_seconds", sample.busy_seconds);
    fields.number("wait_seconds", sample.wait_seconds);
    fields.count("arrived", sample.arrived);
    fields.count("completed", sample.completed);
    fields.count("failed", sample.failed);
    fields.count("refused", sample.refused);
    fields.count("workers", sample.workers);
    fields.count("in_use", sample.in_use);
    fields.count("in_use_max", sample.in_use_max);
    fields.count("queued", sample.queued);
    fields.count("queued_max", sample.queued_max);
    fields.count("resident_bytes", sample.resident_bytes);
    fields.numbers_by_name("operation_busy_seconds", sample.operation_busy_seconds);
    fields.counts_by_name("operation_completed", sample.operation_completed);
    fields.counts_by_name("flow_requests", sample.flow_requests);
    fields.numbers_by_name("extra", sample.extra);
  }
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return sample;
}

}  // namespace tidemark
