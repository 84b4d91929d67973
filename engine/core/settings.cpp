#include "engine/core/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/words.h"

namespace tidemark {
namespace {

constexpr std::size_t kMostProblems = 100;

std::string shown(const nlohmann::json& value) {
  std::string text = value.is_string() ? "'" + value.get<std::string>() + "'" : value.dump(-1, ' ', true);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  // A problem is one line and must not drive the terminal with foreign text.
  std::ranges::replace_if(
      text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  return text;
}

std::optional<double> as_number(const nlohmann::json& value) {
  if (value.is_string()) return parse_number(value.get_ref<const std::string&>());
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

std::optional<std::uint64_t> as_count(const nlohmann::json& value) {
  if (value.is_string()) {
    const auto whole = parse_integer(value.get_ref<const std::string&>());
    if (!whole || *whole < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*whole);
  }
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
  return value.get<std::uint64_t>();
}

}  // namespace

SettingsReader::SettingsReader(const nlohmann::json& json, std::string place)
    : SettingsReader(json, std::move(place), {}) {
  is_object(json, "");
}

SettingsReader::SettingsReader(const nlohmann::json& json, std::string place, std::vector<std::string> problems)
    : json_(json), place_(std::move(place)), problems_(std::move(problems)) {}

std::string SettingsReader::place(std::string_view key) const {
  if (key.empty() || place_.empty()) return place_ + std::string(key);
  return place_ + (place_.ends_with(' ') || place_.ends_with(':') ? "" : ".") + std::string(key);
}

void SettingsReader::problem(std::string_view key, const std::string& what) {
  const std::string where = place(key);
  problems_.push_back(where.empty() ? what : where + ": " + what);
}

void SettingsReader::problems_of(const Error& error) {
  problems_.push_back(error.message());
}

bool SettingsReader::is_object(const nlohmann::json& json, std::string_view key) {
  if (json.is_object()) return true;
  problem(key, shown(json) + " must be an object of settings");
  return false;
}

const nlohmann::json* SettingsReader::find(const char* key) {
  known_.emplace_back(key);
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

const nlohmann::json* SettingsReader::find_object(const char* key) {
  const nlohmann::json* value = find(key);
  return value != nullptr && is_object(*value, key) ? value : nullptr;
}

const nlohmann::json* SettingsReader::find_list(const char* key, std::size_t most) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return nullptr;
  if (value->is_array() && value->size() <= most) return value;
  problem(key, value->is_array() ? fmt::format("at most {} entries", most) : "must be a list");
  return nullptr;
}

void SettingsReader::number(const char* key, double& out, double low, double high) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  const auto number = as_number(*value);
  if (!number || *number < low || *number > high) {
    return problem(key, fmt::format("{} must be a number from {} to {}", shown(*value), low, high));
  }
  out = *number;
}

void SettingsReader::whole(const char* key, std::uint64_t& out, std::uint64_t low, std::uint64_t high) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  const auto count = as_count(*value);
  if (!count || *count < low || *count > high) {
    return problem(key, fmt::format("{} must be a whole number from {} to {}", shown(*value), low, high));
  }
  out = *count;
}

void SettingsReader::flag(const char* key, bool& out) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  if (value->is_boolean()) {
    out = value->get<bool>();
  } else if (*value == "true" || *value == "false") {
    out = *value == "true";
  } else {
    problem(key, shown(*value) + " must be true or false");
  }
}

void SettingsReader::duration(const char* key, Nanos& out, Nanos low, Nanos high) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  const auto duration = value->is_string() ? parse_duration(value->get_ref<const std::string&>()) : std::nullopt;
  if (!duration && *value != 0) {
    return problem(key, shown(*value) + " is not a duration: a number and ns, us, ms, s, m or h, as in 50ms");
  }
  const Nanos given = duration.value_or(Nanos{});
  if (given < low || given > high) {
    return problem(key,
                   fmt::format("{} is outside {} to {}", shown(*value), format_duration(low), format_duration(high)));
  }
  out = given;
}

void SettingsReader::text(const char* key, std::string& out) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) return problem(key, shown(*value) + " must be text");
  out = value->get<std::string>();
}

void SettingsReader::texts(const char* key, std::vector<std::string>& out) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
  if (!value->is_array() || !std::ranges::all_of(*value, is_text)) return problem(key, "must be a list of texts");
  out = value->get<std::vector<std::string>>();
}

void SettingsReader::one_of(const char* key, std::size_t& index, std::span<const std::string_view> names) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return;
  const auto found = value->is_string() ? std::ranges::find(names, value->get_ref<const std::string&>()) : names.end();
  if (found == names.end()) {
    const std::vector<std::string> words(names.begin(), names.end());
    const std::string hint = value->is_string() ? did_you_mean(value->get_ref<const std::string&>(), words) : "";
    return problem(key, fmt::format("{} is none of {}{}", shown(*value), fmt::join(names, ", "), hint));
  }
  index = static_cast<std::size_t>(found - names.begin());
}

void SettingsReader::refuse_unknown() {
  if (!json_.is_object()) return;
  for (const auto& [key, value] : json_.items()) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const std::string name = shown(nlohmann::json(key));
    problem("", "no field " + name + (problems_.size() < kMostProblems ? did_you_mean(key, known_) : ""));
  }
}

std::optional<Error> SettingsReader::finish() {
  refuse_unknown();
  if (problems_.empty()) return std::nullopt;
  std::string all;
  for (std::size_t i = 0; i < std::min(problems_.size(), kMostProblems); ++i)
    all += (i == 0 ? "" : "\n") + problems_[i];
  if (problems_.size() > kMostProblems) all += fmt::format("\nand {} more problems", problems_.size() - kMostProblems);
  return Error{ExitCode::usage, "", all, ""};
}

void SettingsWriter::duration(const char* key, Nanos value, Nanos, Nanos) {
  json_[key] = format_duration(value);
}

}  // namespace tidemark
