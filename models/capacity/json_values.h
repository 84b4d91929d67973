// JSON pieces that model.json, plan.json and verification.json share. A number that is not finite is written as null
// and read back as infinity: it stands for "without end". Thread-safe: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/core/json_fields.h"
#include "models/capacity/model.h"

namespace tidemark::capacity {

nlohmann::json finite_or_null(double value);
void read_number(JsonFields& fields, const char* name, double& out);  // null: infinity
void read_interval(JsonFields& fields, const char* name, Interval95& out);
nlohmann::json interval_json(const Interval95& interval);

// Ok when `json` is an object whose "schema" is exactly `schema`; else exit 2, saying what it is instead.
Result<void> check_schema(const nlohmann::json& json, std::string_view schema, std::string_view place);

}  // namespace tidemark::capacity
