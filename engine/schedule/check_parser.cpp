#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/step_parts.h"

namespace tidemark::schedule {
namespace {

constexpr int kLowestStatus = 100;
constexpr int kHighestStatus = 599;

std::optional<int> status_code(std::string_view text) {
  const auto code = parse_integer(text);
  if (!code || text.size() != 3 || *code < kLowestStatus || *code > kHighestStatus) return std::nullopt;
  return static_cast<int>(*code);
}

// 200, 2xx or 200-202.
std::optional<Check> status_check(std::string_view text) {
  if (const auto code = status_code(text)) return Check{.kind = Check::Kind::status, .low = *code, .high = *code};
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.substr(1) == "xx") {
    const int low = (text[0] - '0') * 100;
    return Check{.kind = Check::Kind::status_range, .low = low, .high = low + 99};
  }
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto low = status_code(text.substr(0, dash));
  const auto high = status_code(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return Check{.kind = Check::Kind::status_range, .low = *low, .high = *high};
}

// Of gRPC and the stores: a number, 0 for success.
std::optional<Check> number_check(std::string_view text) {
  constexpr std::int64_t kHighest = 65'535;
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number > kHighest) return std::nullopt;
  const auto status = static_cast<int>(*number);
  return Check{.kind = Check::Kind::status, .low = status, .high = status};
}

// What a value stands for in JSON: quoted text is a string, the rest is read as JSON where it is JSON.
std::optional<nlohmann::json> expected_json(ValueReader& reader, const YamlNode& node, const std::string& field) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nlohmann::json(nullptr);
    case YamlNode::Kind::scalar: {
      const auto text = reader.text(node, field);
      if (!text) return std::nullopt;
      if (!node.quoted) {
        nlohmann::json value = nlohmann::json::parse(*text, nullptr, false);
        if (!value.is_discarded() && value.is_primitive()) return value;
      }
      return nlohmann::json(*text);
    }
    case YamlNode::Kind::sequence: {
      nlohmann::json list = nlohmann::json::array();
      for (const YamlNode* item : node.items) {
        auto value = expected_json(reader, *item, field);
        if (!value) return std::nullopt;
        list.push_back(std::move(*value));
      }
      return list;
    }
    case YamlNode::Kind::map:
      break;
  }
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, item] : node.pairs) {
    if (key->text.size() > 256) {
      reader.problem(key->line, field, "a key of more than 256 bytes");
      return std::nullopt;
    }
    auto value = expected_json(reader, *item, field);
    if (!value) return std::nullopt;
    object[key->text] = std::move(*value);
  }
  return object;
}

void read_json(ValueReader& reader, const YamlNode& node, const std::string& path, std::vector<Check>& checks) {
  if (!reader.is_map(node, path)) return;
  for (const auto& [key, value] : node.pairs) {
    if (!is_json_pointer(key->text)) {
      reader.problem(key->line, path + "." + key->text, "must be a JSON pointer such as /ok (RFC 6901)");
      continue;
    }
    const auto expected = expected_json(reader, *value, path + "." + key->text);
    if (!expected) continue;
    checks.push_back({.kind = Check::Kind::json_equals, .pointer = key->text, .text = expected->dump()});
  }
}

// One value, or a list of them.
template <class Read>
void each(ValueReader& reader, const YamlNode& node, const std::string& path, const Read& read) {
  const bool list = node.kind == YamlNode::Kind::sequence;
  if (list && !reader.is_sequence(node, path, kMostPerStep)) return;
  for (const YamlNode* item : list ? node.items : std::vector<const YamlNode*>{&node}) read(*item);
}

void read_body(ValueReader& reader, const Fields& fields, std::vector<Check>& checks) {
  if (const YamlNode* node = fields.find("body_contains")) {
    const std::string path = fields.path("body_contains");
    each(reader, *node, path, [&](const YamlNode& item) {
      const auto text = reader.text(item, path);
      if (text && text->empty()) reader.problem(item.line, path, "every body contains the empty text");
      if (text) checks.push_back({.kind = Check::Kind::body_contains, .text = *text});
    });
  }
  if (const YamlNode* node = fields.find("body_matches")) {
    const std::string path = fields.path("body_matches");
    each(reader, *node, path, [&](const YamlNode& item) {
      const auto pattern = read_pattern(reader, item, path);
      if (pattern) checks.push_back({.kind = Check::Kind::body_matches, .pattern = *pattern});
    });
  }
}

void read_json_exists(ValueReader& reader, const YamlNode& node, const std::string& path, std::vector<Check>& checks) {
  each(reader, node, path, [&](const YamlNode& item) {
    const auto pointer = reader.text(item, path);
    if (pointer && !is_json_pointer(*pointer)) {
      reader.problem(item.line, path, "must be a JSON pointer such as /ok (RFC 6901)");
    }
    if (pointer) checks.push_back({.kind = Check::Kind::json_exists, .pointer = *pointer});
  });
}

// NAME: TEXT, or NAME: {equals, contains, matches}, of which each that is given must hold.
void read_header(ValueReader& reader, const std::string& name, const YamlNode& node, const std::string& path,
                 std::vector<Check>& checks) {
  const auto text = [&](const YamlNode* value, const std::string& field, Check::Kind kind) {
    if (value == nullptr) return;
    const auto found = reader.text(*value, field);
    if (found) checks.push_back({.kind = kind, .text = *found, .header = name});
  };
  if (node.kind != YamlNode::Kind::map) return text(&node, path, Check::Kind::header_equals);
  const Fields fields(reader, node, path, {"equals", "contains", "matches"});
  if (node.pairs.empty()) reader.problem(node.line, path, "needs one of equals, contains, matches");
  text(fields.find("equals"), fields.path("equals"), Check::Kind::header_equals);
  text(fields.find("contains"), fields.path("contains"), Check::Kind::header_contains);
  if (const YamlNode* matches = fields.find("matches")) {
    const auto pattern = read_pattern(reader, *matches, fields.path("matches"));
    if (pattern) checks.push_back({.kind = Check::Kind::header_matches, .header = name, .pattern = *pattern});
  }
}

void read_headers(ValueReader& reader, const YamlNode& node, const std::string& path, std::vector<Check>& checks) {
  if (!reader.is_map(node, path)) return;
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_header_name(key->text)) reader.problem(key->line, field, "not a header name");
    read_header(reader, key->text, *value, field, checks);
  }
}

}  // namespace

std::vector<Check> read_checks(ValueReader& reader, const YamlNode& node, const std::string& path, Protocol protocol) {
  const bool http = protocol == Protocol::http;
  std::vector<Check> checks;
  if (!reader.is_map(node, path)) return checks;
  const Fields fields(reader, node, path,
                      {"status", "header", "body_contains", "body_matches", "json", "json_exists", "response_below"});
  // A step that says nothing of the status still does not accept an error page.
  Check status{.kind = Check::Kind::status_range, .low = 200, .high = 399};
  if (!http) status = {.kind = Check::Kind::status, .low = 0, .high = 0};
  if (const YamlNode* given = fields.find("status")) {
    const auto text = reader.text(*given, fields.path("status"));
    const auto check = !text ? std::nullopt : http ? status_check(*text) : number_check(*text);
    if (check) status = *check;
    if (text && !check) {
      reader.problem(given->line, fields.path("status"),
                     fmt::format("'{}' must be {}", *text, http ? "like 200, 2xx or 200-202" : "a number such as 0"));
    }
  }
  checks.push_back(status);
  if (const YamlNode* header = fields.find("header")) read_headers(reader, *header, fields.path("header"), checks);
  read_body(reader, fields, checks);
  if (const YamlNode* json = fields.find("json")) read_json(reader, *json, fields.path("json"), checks);
  if (const YamlNode* exists = fields.find("json_exists")) {
    read_json_exists(reader, *exists, fields.path("json_exists"), checks);
  }
  if (const YamlNode* below = fields.find("response_below")) {
    const auto limit = reader.duration(*below, fields.path("response_below"), Nanos{1}, std::chrono::hours(1));
    if (limit) checks.push_back({.kind = Check::Kind::response_below, .limit = *limit});
  }
  if (checks.size() > kMostPerStep) reader.problem(node.line, path, fmt::format("more than {} checks", kMostPerStep));
  return checks;
}

}  // namespace tidemark::schedule
