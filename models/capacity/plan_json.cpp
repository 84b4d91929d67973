#include <cmath>

#include "models/capacity/json_values.h"
#include "models/capacity/plan.h"

namespace tidemark::capacity {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "tidemark.plan/1";

json predicted_json(const std::vector<PredictedStep>& steps) {
  json list = json::array();
  for (const auto& step : steps) {
    list.push_back({{"step", step.step},
                    {"quantile_us", interval_json(step.quantile_us)},
                    {"p50_us", finite_or_null(step.p50_us)},
                    {"p95_us", finite_or_null(step.p95_us)},
                    {"p99_us", finite_or_null(step.p99_us)},
                    {"holds", step.holds}});
  }
  return list;
}

void read_predicted(JsonFields& fields, const char* name, std::vector<PredictedStep>& out) {
  fields.each(name, [&out](JsonFields& inner) {
    auto& step = out.emplace_back();
    inner.text("step", step.step);
    read_interval(inner, "quantile_us", step.quantile_us);
    read_number(inner, "p50_us", step.p50_us);
    read_number(inner, "p95_us", step.p95_us);
    read_number(inner, "p99_us", step.p99_us);
    inner.flag("holds", step.holds);
  });
}

json limits_object(const Plan& plan) {
  json limits = json::object();
  for (const auto& [service, limit] : plan.limits) limits[service] = {{"rate", limit.rate}, {"burst", limit.burst}};
  return limits;
}

}  // namespace

json to_json(const Plan& plan) {
  json services = json::object();
  for (const auto& [name, service] : plan.services) {
    services[name] = {{"nodes_before_headroom", service.nodes_before_headroom},
                      {"nodes", service.nodes},
                      {"requests_per_second", service.requests_per_second},
                      {"busy_share", service.busy_share},
                      {"reason", service.reason}};
  }
  const auto& request = plan.request;
  return {{"schema", kSchema},
          {"rate", request.rate},
          {"mix", request.mix},
          {"slo", {{"quantile", request.slo.quantile}, {"limit_us", request.slo.limit_us}}},
          {"headroom", request.headroom},
          {"services", services},
          {"bottleneck", plan.bottleneck},
          {"predicted", predicted_json(plan.predicted)},
          {"predicted_less", predicted_json(plan.predicted_less)},
          {"limits", limits_object(plan)},
          {"model_run_ids", plan.model_run_ids},
          {"notes", plan.notes}};
}

Result<Plan> parse_plan(const json& json, std::string_view place) {
  if (auto checked = check_schema(json, kSchema, place); !checked) return tl::make_unexpected(checked.error());
  Plan plan;
  JsonFields fields(json, place);
  fields.number("rate", plan.request.rate);
  fields.numbers_by_name("mix", plan.request.mix);
  fields.object("slo", [&plan](JsonFields& inner) {
    inner.number("quantile", plan.request.slo.quantile);
    inner.number("limit_us", plan.request.slo.limit_us);
  });
  fields.number("headroom", plan.request.headroom);
  fields.each_named("services", [&plan](const std::string& name, JsonFields& inner) {
    auto& service = plan.services[name];
    inner.count("nodes_before_headroom", service.nodes_before_headroom);
    inner.count("nodes", service.nodes);
    inner.number("requests_per_second", service.requests_per_second);
    inner.number("busy_share", service.busy_share);
    inner.text("reason", service.reason);
  });
  fields.text("bottleneck", plan.bottleneck);
  read_predicted(fields, "predicted", plan.predicted);
  read_predicted(fields, "predicted_less", plan.predicted_less);
  fields.each_named("limits", [&plan](const std::string& name, JsonFields& inner) {
    auto& limit = plan.limits[name];
    inner.number("rate", limit.rate);
    inner.number("burst", limit.burst);
  });
  fields.texts("model_run_ids", plan.model_run_ids);
  fields.texts("notes", plan.notes);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  const auto& slo = plan.request.slo;
  const auto refuse = [place](const std::string& what) { return fail(ExitCode::usage, std::string(place), what); };
  if (!(plan.request.rate > 0)) return refuse("rate is not above 0");
  if (!(slo.quantile > 0 && slo.quantile < 1)) return refuse("slo.quantile is not between 0 and 1");
  if (!(slo.limit_us > 0 && slo.limit_us <= 3.6e9)) return refuse("slo.limit_us is not between 0 and an hour");
  for (const auto& [name, service] : plan.services) {
    if (service.nodes_before_headroom < 1) return refuse("services." + name + ".nodes_before_headroom is 0");
    if (service.nodes < 1) return refuse("services." + name + ".nodes is 0");
  }
  if (!plan.bottleneck.empty() && !plan.services.contains(plan.bottleneck)) {
    return refuse("bottleneck is no service of the plan");
  }
  return plan;
}

json limits_json(const Plan& plan) {
  return {{"schema", "tidemark.limits/1"}, {"limits", limits_object(plan)}};
}

}  // namespace tidemark::capacity
