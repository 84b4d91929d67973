#include "engine/core/json_fields.h"

#include <algorithm>
#include <cmath>

namespace tidemark {
namespace {

bool is_count(const nlohmann::json& value, std::uint64_t highest) {
  if (!value.is_number_integer()) return false;
  if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0) return false;
  return value.get<std::uint64_t>() <= highest;
}

bool is_finite(const nlohmann::json& value) {
  return value.is_number() && std::isfinite(value.get<double>());
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& json, std::string_view place) : json_(json), place_(place) {
  if (!json.is_object()) error_ = Error{ExitCode::usage, place_, "not a JSON object", ""};
}

void JsonFields::refuse(std::string_view name, std::string_view what) {
  if (!error_) error_ = Error{ExitCode::usage, place_, path_ + std::string(name) + " " + std::string(what), ""};
}

const nlohmann::json* JsonFields::find(const char* name) {
  if (error_) return nullptr;
  const auto found = json_.find(name);
  if (found == json_.end()) {
    refuse(name, "is missing");
    return nullptr;
  }
  return &*found;
}

void JsonFields::text(const char* name, std::string& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_string()) return refuse(name, "is not a string");
  out = value->get<std::string>();
}

void JsonFields::flag(const char* name, bool& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_boolean()) return refuse(name, "is neither true nor false");
  out = value->get<bool>();
}

void JsonFields::number(const char* name, double& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!is_finite(*value)) return refuse(name, "is not a number");
  out = value->get<double>();
}

void JsonFields::number_or_null(const char* name, double& out) {
  if (!error_ && has(name) && json_.at(name).is_null()) {
    out = std::numeric_limits<double>::quiet_NaN();
  } else {
    number(name, out);
  }
}

void JsonFields::integer(const char* name, std::int64_t& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();
  if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > highest)) {
    return refuse(name, "is not a whole number");
  }
  out = value->get<std::int64_t>();
}

void JsonFields::count_up_to(const char* name, std::uint64_t highest, std::uint64_t& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!is_count(*value, highest)) return refuse(name, "is not a count");
  out = value->get<std::uint64_t>();
}

void JsonFields::one_of(const char* name, std::initializer_list<std::string_view> allowed, std::string& out) {
  std::string value;
  text(name, value);
  if (error_) return;
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
    out = std::move(value);
    return;
  }
  std::string list;
  for (const std::string_view word : allowed) list += (list.empty() ? "" : ", ") + std::string(word);
  refuse(name, "is none of " + list);
}

void JsonFields::texts(const char* name, std::vector<std::string>& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text)) {
    return refuse(name, "is not a list of strings");
  }
  out = value->get<std::vector<std::string>>();
}

void JsonFields::numbers_by_name(const char* name, std::map<std::string, double>& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_object() || !std::all_of(value->begin(), value->end(), is_finite)) {
    return refuse(name, "is not an object of numbers");
  }
  out = value->get<std::map<std::string, double>>();
}

void JsonFields::counts_by_name(const char* name, std::map<std::string, std::uint64_t>& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  const auto fits = [](const nlohmann::json& element) {
    return is_count(element, std::numeric_limits<std::uint64_t>::max());
  };
  if (!value->is_object() || !std::all_of(value->begin(), value->end(), fits)) {
    return refuse(name, "is not an object of counts");
  }
  out = value->get<std::map<std::string, std::uint64_t>>();
}

void JsonFields::texts_by_name(const char* name, std::map<std::string, std::string>& out) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
  if (!value->is_object() || !std::all_of(value->begin(), value->end(), is_text)) {
    return refuse(name, "is not an object of strings");
  }
  out = value->get<std::map<std::string, std::string>>();
}

void JsonFields::nested(const nlohmann::json& json, const std::string& path,
                        const std::function<void(JsonFields&)>& read) {
  if (!json.is_object()) return refuse(path, "is not an object");
  JsonFields inner(json, place_);
  inner.path_ = path_ + path + ".";
  read(inner);
  if (inner.error_) error_ = inner.error_;
}

void JsonFields::object(const char* name, const std::function<void(JsonFields&)>& read) {
  const nlohmann::json* value = find(name);
  if (value != nullptr) nested(*value, name, read);
}

void JsonFields::each_named(const char* name, const std::function<void(const std::string&, JsonFields&)>& read) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_object()) return refuse(name, "is not an object");
  for (const auto& [key, element] : value->items()) {
    if (error_) return;
    nested(element, std::string(name) + "." + key, [&](JsonFields& inner) { read(key, inner); });
  }
}

void JsonFields::each(const char* name, const std::function<void(JsonFields&)>& read) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array()) return refuse(name, "is not a list");
  for (std::size_t i = 0; i < value->size() && !error_; ++i) {
    nested((*value)[i], std::string(name) + "[" + std::to_string(i) + "]", read);
  }
}

}  // namespace tidemark
