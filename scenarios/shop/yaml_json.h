// A part of a YAML file as JSON, for the settings whose one reader is engine/core/settings.h, and back. Scalars become
// text, as they were written; that reader takes "0.5" and "true" as what they look like. Thread-safe: pure functions.
#pragma once

#include <nlohmann/json.hpp>

namespace YAML {
class Emitter;
class Node;
}  // namespace YAML

namespace tidemark::shop {

nlohmann::json json_of(const YAML::Node& node);
void emit_json(YAML::Emitter& out, const nlohmann::json& value);

}  // namespace tidemark::shop
