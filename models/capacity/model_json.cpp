#include <cmath>
#include <limits>

#include "models/capacity/json_values.h"
#include "models/capacity/model.h"

namespace tidemark::capacity {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "tidemark.model/1";
constexpr std::uint32_t kMostWorkers = 1'000'000;
constexpr double kMostVisits = 1000;

json point_json(const LoadPoint& point) {
  return {{"run_id", point.run_id},
          {"stage", point.stage},
          {"nodes", point.nodes},
          {"flow_rate", point.flow_rate},
          {"rate_per_node", point.rate_per_node},
          {"busy_per_node", point.busy_per_node},
          {"wait_per_node", point.wait_per_node},
          {"cpu_per_node", point.cpu_per_node},
          {"hold_s", point.hold_s},
          {"saturated", point.saturated}};
}

void read_point(JsonFields& fields, LoadPoint& point) {
  std::int64_t stage = 0;
  fields.text("run_id", point.run_id);
  fields.integer("stage", stage);
  point.stage = static_cast<int>(stage);
  fields.count("nodes", point.nodes);
  fields.number("flow_rate", point.flow_rate);
  fields.number("rate_per_node", point.rate_per_node);
  fields.number("busy_per_node", point.busy_per_node);
  fields.number("wait_per_node", point.wait_per_node);
  fields.number("cpu_per_node", point.cpu_per_node);
  fields.number("hold_s", point.hold_s);
  fields.flag("saturated", point.saturated);
}

json fit_json(const ScalabilityFit& fit) {
  json parameters = json::object();
  for (const auto& [name, value] : fit.parameters) parameters[name] = interval_json(value);
  return {{"law", fit.law},
          {"parameters", parameters},
          {"residual_se", finite_or_null(fit.residual_se)},
          {"aicc", finite_or_null(fit.aicc)},
          {"points", fit.points},
          {"usable", fit.usable},
          {"note", fit.note}};
}

void read_fit(JsonFields& fields, ScalabilityFit& fit) {
  fields.one_of("law", {"linear", "amdahl", "usl", "pool-limited"}, fit.law);
  fields.each_named("parameters", [&fit](const std::string& name, JsonFields& inner) {
    auto& value = fit.parameters[name];
    read_number(inner, "value", value.value);
    read_number(inner, "low", value.low);
    read_number(inner, "high", value.high);
  });
  read_number(fields, "residual_se", fit.residual_se);
  read_number(fields, "aicc", fit.aicc);
  fields.count("points", fit.points);
  fields.flag("usable", fit.usable);
  fields.text("note", fit.note);
}

json service_json(const ServiceModel& service) {
  json points = json::array(), fits = json::array();
  for (const auto& point : service.points) points.push_back(point_json(point));
  for (const auto& fit : service.fits) fits.push_back(fit_json(fit));
  return {{"workers", service.workers},
          {"chosen", service.chosen},
          {"reason", service.reason},
          {"hold_s", interval_json(service.hold_s)},
          {"hold_cv", service.hold_cv},
          {"hold_cv_se", service.hold_cv_se},
          {"hold_waits", service.hold_waits},
          {"capacity_per_node", interval_json(service.capacity_per_node)},
          {"scaling_exponent", service.scaling_exponent},
          {"scales_out", service.scales_out},
          {"fits", fits},
          {"points", points}};
}

void read_service(JsonFields& fields, ServiceModel& service) {
  fields.count("workers", service.workers);
  fields.one_of("chosen", {"linear", "amdahl", "usl", "pool-limited"}, service.chosen);
  fields.text("reason", service.reason);
  read_interval(fields, "hold_s", service.hold_s);
  fields.number("hold_cv", service.hold_cv);
  fields.number("hold_cv_se", service.hold_cv_se);
  fields.numbers_by_name("hold_waits", service.hold_waits);
  read_interval(fields, "capacity_per_node", service.capacity_per_node);
  fields.number("scaling_exponent", service.scaling_exponent);
  fields.flag("scales_out", service.scales_out);
  fields.each("fits", [&service](JsonFields& inner) { read_fit(inner, service.fits.emplace_back()); });
  fields.each("points", [&service](JsonFields& inner) { read_point(inner, service.points.emplace_back()); });
}

json demand_json(const Demand& demand) {
  return {{"visits", demand.visits}, {"busy_s", interval_json(demand.busy_s)}, {"cpu_s", interval_json(demand.cpu_s)}};
}

void read_demand(JsonFields& fields, Demand& demand) {
  fields.number("visits", demand.visits);
  read_interval(fields, "busy_s", demand.busy_s);
  read_interval(fields, "cpu_s", demand.cpu_s);
}

// The first value that no measurement can have, and that would make planning run away.
std::string out_of_range(const CapacityModel& model) {
  for (const auto& [name, service] : model.services) {
    const std::string at = "services." + name + ".";
    if (service.workers > kMostWorkers) return at + "workers is above 1000000";
    if (!(service.hold_s.value >= 0 && service.hold_s.value <= 1e6)) return at + "hold_s is not between 0 and 1e6";
    if (!(service.hold_cv >= 0 && service.hold_cv <= 100)) return at + "hold_cv is not between 0 and 100";
    if (!(service.hold_cv_se >= 0 && service.hold_cv_se <= 100)) return at + "hold_cv_se is not between 0 and 100";
    if (!(service.scaling_exponent > -10 && service.scaling_exponent < 10)) {
      return at + "scaling_exponent is not between -10 and 10";
    }
    for (const auto& [other, times] : service.hold_waits) {
      if (!model.services.contains(other)) return at + "hold_waits." + other + " is no service of the model";
      if (!(times >= 0 && times <= kMostVisits)) return at + "hold_waits." + other + " is not between 0 and 1000";
    }
  }
  for (const auto& [flow, services] : model.demand) {
    for (const auto& [name, demand] : services) {
      const std::string at = "demand." + flow + "." + name;
      if (!model.services.contains(name)) return at + " is no service of the model";
      if (!(demand.visits >= 0 && demand.visits <= kMostVisits)) return at + ".visits is not between 0 and 1000";
      if (!(demand.busy_s.value >= 0 && demand.busy_s.value <= 1e6)) return at + ".busy_s is not between 0 and 1e6";
    }
  }
  for (const auto& step : model.steps) {
    for (const auto& [name, visits] : step.path) {
      const std::string at = "steps." + step.step + ".path." + name;
      if (!model.services.contains(name)) return at + " is no service of the model";
      if (!(visits >= 0 && visits <= kMostVisits)) return at + " is not between 0 and 1000";
    }
  }
  return "";
}

}  // namespace

json to_json(const CapacityModel& model) {
  json services = json::object(), demand = json::object(), steps = json::array();
  for (const auto& [name, service] : model.services) services[name] = service_json(service);
  for (const auto& [flow, by_service] : model.demand) {
    for (const auto& [name, value] : by_service) demand[flow][name] = demand_json(value);
  }
  for (const auto& step : model.steps) {
    steps.push_back({{"step", step.step}, {"flow", step.flow}, {"path", step.path}, {"base", step.base.encode()}});
  }
  return {{"schema", kSchema}, {"run_ids", model.run_ids}, {"mix", model.mix},    {"services", services},
          {"demand", demand},  {"steps", steps},           {"notes", model.notes}};
}

Result<CapacityModel> parse_model(const json& json, std::string_view place) {
  if (auto checked = check_schema(json, kSchema, place); !checked) return tl::make_unexpected(checked.error());
  CapacityModel model;
  JsonFields fields(json, place);
  fields.texts("run_ids", model.run_ids);
  fields.numbers_by_name("mix", model.mix);
  fields.each_named("services", [&model](const std::string& name, JsonFields& inner) {
    auto& service = model.services[name];
    service.service = name;
    read_service(inner, service);
  });
  if (!fields.error()) {
    // Two levels of names: each flow is itself an object of demands.
    const auto demand = json.find("demand");
    if (demand == json.end() || !demand->is_object()) {
      return fail(ExitCode::usage, std::string(place), "demand is not an object");
    }
    for (const auto& [flow, by_service] : demand->items()) {
      JsonFields inner(*demand, std::string(place) + ": demand");
      inner.each_named(flow.c_str(), [&, &name = flow](const std::string& service, JsonFields& value) {
        read_demand(value, model.demand[name][service]);
      });
      if (inner.error()) return tl::make_unexpected(*inner.error());
    }
  }
  std::vector<std::string> bases;
  fields.each("steps", [&](JsonFields& inner) {
    auto& step = model.steps.emplace_back();
    inner.text("step", step.step);
    inner.text("flow", step.flow);
    inner.numbers_by_name("path", step.path);
    inner.text("base", bases.emplace_back());
  });
  fields.texts("notes", model.notes);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  for (std::size_t i = 0; i < model.steps.size(); ++i) {
    auto base = Histogram::decode(bases[i], std::string(place) + ": steps[" + std::to_string(i) + "].base");
    if (!base) return tl::make_unexpected(base.error());
    model.steps[i].base = std::move(*base);
  }
  const std::string wrong = out_of_range(model);
  if (!wrong.empty()) return fail(ExitCode::usage, std::string(place), wrong);
  return model;
}

}  // namespace tidemark::capacity
