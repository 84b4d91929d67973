// The pieces of summary.json that other files of a run directory share: books and quantiles. Thread-safe: pure
// functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/core/histogram.h"
#include "engine/core/json_fields.h"
#include "engine/core/outcome.h"
#include "engine/core/summary.h"

namespace tidemark {

void to_json(nlohmann::json& json, const FlowBook& book);
void to_json(nlohmann::json& json, const RequestBook& book);
void to_json(nlohmann::json& json, const Quantiles& quantiles);
// Adds "response_us", "service_us" and "lag_us" to an object.
void put_clocks(nlohmann::json& object, const ThreeClocks& clocks);

void read_flows(JsonFields& fields, FlowBook& book);
void read_requests(JsonFields& fields, RequestBook& book);
void read_clocks(JsonFields& fields, ThreeClocks& clocks);

}  // namespace tidemark
