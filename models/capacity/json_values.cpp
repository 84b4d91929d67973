#include "models/capacity/json_values.h"

#include <cmath>
#include <limits>

namespace tidemark::capacity {

nlohmann::json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

void read_number(JsonFields& fields, const char* name, double& out) {
  double value = 0;
  fields.number_or_null(name, value);
  out = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
}

nlohmann::json interval_json(const Interval95& interval) {
  return {{"value", finite_or_null(interval.value)},
          {"low", finite_or_null(interval.low)},
          {"high", finite_or_null(interval.high)}};
}

void read_interval(JsonFields& fields, const char* name, Interval95& out) {
  fields.object(name, [&out](JsonFields& inner) {
    read_number(inner, "value", out.value);
    read_number(inner, "low", out.low);
    read_number(inner, "high", out.high);
  });
}

Result<void> check_schema(const nlohmann::json& json, std::string_view schema, std::string_view place) {
  const auto refuse = [&](const std::string& what) {
    return fail(ExitCode::usage, std::string(place), what, "expected a file of schema " + std::string(schema));
  };
  if (!json.is_object()) return refuse("not a JSON object");
  const auto found = json.find("schema");
  if (found == json.end()) return refuse("schema is missing");
  if (!found->is_string() || found->get_ref<const std::string&>() != schema) {
    return refuse("schema is " + (found->is_string() ? found->get<std::string>() : std::string("not a string")));
  }
  return {};
}

}  // namespace tidemark::capacity
