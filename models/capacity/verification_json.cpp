#include <cmath>

#include "models/capacity/json_values.h"
#include "models/capacity/plan.h"

namespace tidemark::capacity {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "tidemark.verification/1";

}  // namespace

json to_json(const Verification& verification) {
  json steps = json::array();
  for (const auto& step : verification.steps) {
    steps.push_back({{"step", step.step},
                     {"predicted_us", finite_or_null(step.predicted_us)},
                     {"measured_us", interval_json(step.measured_us)},
                     {"error", step.error},
                     {"slo", step.slo}});
  }
  return {{"schema", kSchema},
          {"run_id", verification.run_id},
          {"earlier_run_ids", verification.earlier_run_ids},
          {"nodes", verification.nodes},
          {"rate", verification.rate},
          {"achieved_rate", verification.achieved_rate},
          {"one_less", verification.one_less},
          {"steps", steps},
          {"verdict", verification.verdict},
          {"notes", verification.notes}};
}

Result<Verification> parse_verification(const json& json, std::string_view place) {
  if (auto checked = check_schema(json, kSchema, place); !checked) return tl::make_unexpected(checked.error());
  Verification verification;
  std::map<std::string, std::uint64_t> nodes;
  JsonFields fields(json, place);
  fields.text("run_id", verification.run_id);
  if (json.contains("earlier_run_ids")) fields.texts("earlier_run_ids", verification.earlier_run_ids);
  fields.counts_by_name("nodes", nodes);
  fields.number("rate", verification.rate);
  fields.number("achieved_rate", verification.achieved_rate);
  fields.flag("one_less", verification.one_less);
  fields.each("steps", [&verification](JsonFields& inner) {
    auto& step = verification.steps.emplace_back();
    inner.text("step", step.step);
    read_number(inner, "predicted_us", step.predicted_us);
    read_interval(inner, "measured_us", step.measured_us);
    inner.number("error", step.error);
    inner.one_of("slo", {"held", "missed", "undecided"}, step.slo);
  });
  fields.one_of("verdict", {"pass", "fail", "undecided"}, verification.verdict);
  fields.texts("notes", verification.notes);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  for (const auto& [service, count] : nodes) {
    if (count > UINT32_MAX) return fail(ExitCode::usage, std::string(place), "nodes." + service + " is not a count");
    verification.nodes[service] = static_cast<std::uint32_t>(count);
  }
  return verification;
}

}  // namespace tidemark::capacity
