#include "scenarios/shop/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <string>

namespace tidemark::shop {

using nlohmann::json;

json json_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsMap()) {
    json object = json::object();
    for (const auto& pair : node) object[pair.first.IsScalar() ? pair.first.Scalar() : ""] = json_of(pair.second);
    return object;
  }
  if (!node.IsSequence()) return nullptr;
  json list = json::array();
  for (const auto& element : node) list.push_back(json_of(element));
  return list;
}

void emit_json(YAML::Emitter& out, const json& value) {
  if (value.is_object()) {
    out << YAML::Flow << YAML::BeginMap;
    for (const auto& [key, element] : value.items()) {
      out << YAML::Key << YAML::DoubleQuoted << key << YAML::Value;
      emit_json(out, element);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const json& element : value) emit_json(out, element);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();
  }
}

}  // namespace tidemark::shop
