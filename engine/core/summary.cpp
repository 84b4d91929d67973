#include "engine/core/summary.h"

#include <nlohmann/json.hpp>

#include "engine/core/summary_json.h"

namespace tidemark {
namespace {

constexpr const char* kSchema = "tidemark.summary/1";

void read_quantiles(JsonFields& fields, Quantiles& quantiles) {
  fields.count("count", quantiles.count);
  fields.number("p50", quantiles.p50);
  fields.number("p90", quantiles.p90);
  fields.number("p95", quantiles.p95);
  fields.number("p99", quantiles.p99);
  fields.number("p999", quantiles.p999);
  fields.number("max", quantiles.max);
  fields.number("mean", quantiles.mean);
}

nlohmann::json step_json(const StepSummary& step) {
  nlohmann::json json = {{"requests", step.requests}};
  put_clocks(json, step.clocks);
  return json;
}

nlohmann::json node_json(const NodeSummary& node) {
  return {{"service", node.service},
          {"cpu_share_max", node.cpu_share_max},
          {"busy_share_max", node.busy_share_max},
          {"busy_share_max_t_s", node.busy_share_max_t_s},
          {"queued_max", node.queued_max},
          {"refused", node.refused},
          {"saturated_at_s", node.saturated_at_s},
          {"saturated_by", node.saturated_by},
          {"missed_samples", node.missed_samples}};
}

void read_node(JsonFields& fields, NodeSummary& node) {
  fields.text("service", node.service);
  fields.number("cpu_share_max", node.cpu_share_max);
  fields.number("busy_share_max", node.busy_share_max);
  fields.number("busy_share_max_t_s", node.busy_share_max_t_s);
  fields.count("queued_max", node.queued_max);
  fields.count("refused", node.refused);
  fields.number("saturated_at_s", node.saturated_at_s);
  fields.one_of("saturated_by", {"", "workers", "cpu", "wait"}, node.saturated_by);
  fields.count("missed_samples", node.missed_samples);
}

nlohmann::json threshold_json(const ThresholdResult& threshold) {
  nlohmann::json json = {{"expression", threshold.expression}, {"limit", threshold.limit},
                         {"value", threshold.value},           {"value_low", threshold.value_low},
                         {"value_high", threshold.value_high}, {"verdict", threshold.verdict}};
  if (!threshold.where.empty()) json["where"] = threshold.where;
  if (threshold.at_s >= 0) json["at_s"] = threshold.at_s;
  return json;
}

void read_threshold(JsonFields& fields, ThresholdResult& threshold) {
  fields.text("expression", threshold.expression);
  fields.number_or_null("limit", threshold.limit);
  fields.number_or_null("value", threshold.value);
  fields.number_or_null("value_low", threshold.value_low);
  fields.number_or_null("value_high", threshold.value_high);
  fields.one_of("verdict", {"pass", "fail", "undecided"}, threshold.verdict);
  if (fields.has("where")) fields.text("where", threshold.where);
  if (fields.has("at_s")) fields.number("at_s", threshold.at_s);
}

}  // namespace

void to_json(nlohmann::json& json, const FlowBook& book) {
  json = {{"planned", book.planned},
          {"completed", book.completed},
          {"aborted", book.aborted},
          {"dropped", book.dropped},
          {"in_flight", book.in_flight}};
}

void to_json(nlohmann::json& json, const RequestBook& book) {
  json = {{"started", book.started},
          {"ok", book.ok},
          {"failed", book.failed},
          {"timed_out", book.timed_out},
          {"in_flight", book.in_flight}};
}

void to_json(nlohmann::json& json, const Quantiles& quantiles) {
  json = {{"count", quantiles.count}, {"p50", quantiles.p50},   {"p90", quantiles.p90}, {"p95", quantiles.p95},
          {"p99", quantiles.p99},     {"p999", quantiles.p999}, {"max", quantiles.max}, {"mean", quantiles.mean}};
}

void put_clocks(nlohmann::json& object, const ThreeClocks& clocks) {
  object["response_us"] = clocks.response_us;
  object["service_us"] = clocks.service_us;
  object["lag_us"] = clocks.lag_us;
}

void read_flows(JsonFields& fields, FlowBook& book) {
  fields.count("planned", book.planned);
  fields.count("completed", book.completed);
  fields.count("aborted", book.aborted);
  fields.count("dropped", book.dropped);
  fields.count("in_flight", book.in_flight);
}

void read_requests(JsonFields& fields, RequestBook& book) {
  fields.count("started", book.started);
  fields.count("ok", book.ok);
  fields.count("failed", book.failed);
  fields.count("timed_out", book.timed_out);
  fields.count("in_flight", book.in_flight);
}

void read_clocks(JsonFields& fields, ThreeClocks& clocks) {
  fields.object("response_us", [&](JsonFields& inner) { read_quantiles(inner, clocks.response_us); });
  fields.object("service_us", [&](JsonFields& inner) { read_quantiles(inner, clocks.service_us); });
  fields.object("lag_us", [&](JsonFields& inner) { read_quantiles(inner, clocks.lag_us); });
}

void to_json(nlohmann::json& json, const Summary& summary) {
  json = {{"schema", kSchema},
          {"run_id", summary.run_id},
          {"partial", summary.partial},
          {"duration_s", summary.duration_s},
          {"flows", summary.flows},
          {"requests", summary.requests},
          {"offered_rate", summary.offered_rate},
          {"achieved_rate", summary.achieved_rate},
          {"errors", summary.errors},
          {"first_saturated", summary.first_saturated},
          {"audited", summary.audited},
          {"validity", summary.validity},
          {"validity_reasons", summary.validity_reasons},
          {"notes", summary.notes},
          {"retried", summary.retried},
          {"verdict", summary.verdict},
          {"stopped_by", summary.stopped_by},
          {"stop_reason", summary.stop_reason},
          {"by_step", nlohmann::json::object()},
          {"nodes", nlohmann::json::object()},
          {"thresholds", nlohmann::json::array()},
          {"leaks", nlohmann::json::array()}};
  put_clocks(json, summary.clocks);
  json["timer_floor_us"] = summary.timer_floor_us;
  json["overflowed"] = summary.overflowed;
  for (const auto& [name, step] : summary.by_step) json["by_step"][name] = step_json(step);
  if (!summary.by_group.empty()) json["by_group"] = summary.by_group;
  for (const auto& [name, node] : summary.nodes) json["nodes"][name] = node_json(node);
  for (const ThresholdResult& threshold : summary.thresholds) json["thresholds"].push_back(threshold_json(threshold));
  for (const Leak& leak : summary.leaks) json["leaks"].push_back({{"where", leak.where}, {"what", leak.what}});
}

Result<Summary> parse_summary(const nlohmann::json& json, std::string_view place) {
  Summary summary;
  JsonFields fields(json, place);
  std::string schema;
  fields.one_of("schema", {kSchema}, schema);
  fields.text("run_id", summary.run_id);
  fields.flag("partial", summary.partial);
  fields.number("duration_s", summary.duration_s);
  fields.object("flows", [&](JsonFields& inner) { read_flows(inner, summary.flows); });
  fields.object("requests", [&](JsonFields& inner) { read_requests(inner, summary.requests); });
  fields.number("offered_rate", summary.offered_rate);
  fields.number("achieved_rate", summary.achieved_rate);
  read_clocks(fields, summary.clocks);
  if (fields.has("timer_floor_us"))  // records of older versions have neither
    fields.object("timer_floor_us", [&](JsonFields& inner) { read_quantiles(inner, summary.timer_floor_us); });
  if (fields.has("overflowed")) fields.count("overflowed", summary.overflowed);
  fields.each_named("by_step", [&](const std::string& name, JsonFields& inner) {
    StepSummary& step = summary.by_step[name];
    inner.object("requests", [&](JsonFields& book) { read_requests(book, step.requests); });
    read_clocks(inner, step.clocks);
  });
  if (json.contains("by_group")) {
    fields.each_named(
        "by_group", [&](const std::string& name, JsonFields& inner) { read_quantiles(inner, summary.by_group[name]); });
  }
  fields.counts_by_name("errors", summary.errors);
  fields.each_named("nodes",
                    [&](const std::string& name, JsonFields& inner) { read_node(inner, summary.nodes[name]); });
  fields.text("first_saturated", summary.first_saturated);
  fields.each("thresholds", [&](JsonFields& inner) { read_threshold(inner, summary.thresholds.emplace_back()); });
  fields.flag("audited", summary.audited);
  fields.each("leaks", [&](JsonFields& inner) {
    Leak& leak = summary.leaks.emplace_back();
    inner.text("where", leak.where);
    inner.text("what", leak.what);
  });
  fields.one_of("validity", {"valid", "generator-limited", "environment-limited"}, summary.validity);
  fields.texts("validity_reasons", summary.validity_reasons);
  if (fields.has("notes")) fields.texts("notes", summary.notes);  // as above
  if (fields.has("retried")) fields.count("retried", summary.retried);
  fields.one_of("verdict", {"pass", "fail", "undecided"}, summary.verdict);
  if (fields.has("stopped_by")) fields.text("stopped_by", summary.stopped_by);  // records before it have none
  fields.text("stop_reason", summary.stop_reason);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return summary;
}

ExitCode exit_code_of(const Summary& summary) {
  if (summary.partial) return ExitCode::partial_record;
  if (!summary.stopped_by.empty()) return ExitCode::gate_failed;
  if (summary.validity != "valid") return ExitCode::invalid_measurement;
  if (summary.verdict == "undecided") return ExitCode::undecided;
  if (summary.verdict == "fail") return ExitCode::gate_failed;
  return ExitCode::pass;
}

}  // namespace tidemark
