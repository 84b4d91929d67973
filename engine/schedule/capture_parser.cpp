#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/step_parts.h"

namespace tidemark::schedule {
namespace {

constexpr int kMostGroups = 99;

void read_regex(ValueReader& reader, const YamlNode& node, const YamlNode* group, const std::string& field,
                Capture& capture) {
  capture.kind = Capture::Kind::regex;
  const auto pattern = read_pattern(reader, node, field + ".regex");
  if (!pattern) return;
  capture.pattern = *pattern;
  capture.group = std::min(1, pattern->groups());
  if (group == nullptr) return;
  const auto number = reader.integer(*group, field + ".group", 0, kMostGroups);
  if (number && *number > pattern->groups()) {
    reader.problem(
        group->line, field + ".group",
        fmt::format("{}: the pattern has {} group{}", *number, pattern->groups(), pattern->groups() == 1 ? "" : "s"));
  }
  capture.group = static_cast<int>(number.value_or(capture.group));
}

Capture read_capture(ValueReader& reader, const std::string& name, const YamlNode& node, const std::string& field) {
  Capture capture{.variable = name};
  const Fields fields(reader, node, field, {"json", "header", "regex", "group", "cookie", "default"});
  const YamlNode* json = fields.find("json");
  const YamlNode* header = fields.find("header");
  const YamlNode* regex = fields.find("regex");
  const YamlNode* cookie = fields.find("cookie");
  if ((json != nullptr) + (header != nullptr) + (regex != nullptr) + (cookie != nullptr) != 1) {
    reader.problem(node.line, field,
                   "must be exactly one of json: POINTER, header: NAME, regex: PATTERN, cookie: NAME");
    return capture;
  }
  if (json != nullptr) {
    capture.json_pointer = reader.text(*json, field + ".json").value_or("");
    if (!is_json_pointer(capture.json_pointer)) {
      reader.problem(json->line, field + ".json", "must be a JSON pointer such as /order/id (RFC 6901)");
    }
  } else if (header != nullptr) {
    capture.kind = Capture::Kind::header;
    capture.header = reader.text(*header, field + ".header").value_or("");
    if (!is_header_name(capture.header)) reader.problem(header->line, field + ".header", "not a header name");
  } else if (cookie != nullptr) {
    capture.kind = Capture::Kind::cookie;
    capture.cookie = reader.text(*cookie, field + ".cookie").value_or("");
    if (!is_header_name(capture.cookie)) reader.problem(cookie->line, field + ".cookie", "not the name of a cookie");
  } else {
    read_regex(reader, *regex, fields.find("group"), field, capture);
  }
  if (const YamlNode* group = fields.find("group"); group != nullptr && regex == nullptr) {
    reader.problem(group->line, field + ".group", "belongs to 'regex'");
  }
  if (const YamlNode* fallback = fields.find("default")) {
    capture.fallback = reader.text(*fallback, field + ".default").value_or("");
  }
  return capture;
}

}  // namespace

std::vector<Capture> read_captures(ValueReader& reader, const YamlNode& node, const std::string& path,
                                   const Scope& scope) {
  std::vector<Capture> captures;
  if (!reader.is_map(node, path)) return captures;
  if (node.pairs.size() > kMostPerStep) {
    reader.problem(node.line, path, fmt::format("more than {} captures", kMostPerStep));
    return captures;
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_name(key->text)) reader.problem(key->line, field, "a name is letters, digits and _");
    const auto& fixed = scope.words.fixed;
    if (std::ranges::find(fixed, key->text) != fixed.end() || reader.parameters.contains(key->text)) {
      reader.problem(key->line, field, "is a variable, a parameter or a built-in already");
    }
    if (reader.is_map(*value, field)) captures.push_back(read_capture(reader, key->text, *value, field));
  }
  return captures;
}

}  // namespace tidemark::schedule
