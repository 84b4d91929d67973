#include "engine/schedule/step_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

void check_variable(ValueReader& reader, Line line, const std::string& field, const std::string& name,
                    const Scope& scope) {
  const std::size_t dot = name.find('.');
  const std::string feeder = name.substr(0, dot);
  const bool is_feeder = contains(scope.words.feeders, feeder);
  if (dot != std::string::npos) {
    if (!is_feeder) {
      reader.problem(
          line, field,
          fmt::format("${{{}}}: there is no feeder '{}'{}", name, feeder, reader.hint(feeder, scope.words.feeders)));
    } else if (!scope.rows) {
      reader.problem(line, field,
                     fmt::format("${{{}}}: a row belongs to a flow; set-up and tear-down have none", name));
    }
    return;
  }
  if (contains(scope.names, name)) return;
  if (is_feeder) {
    reader.problem(line, field, fmt::format("${{{}}} is a feeder: name a column of it, as in ${{{}.id}}", name, name));
    return;
  }
  reader.problem(
      line, field,
      fmt::format("${{{}}} is not defined in step '{}': no variable, no parameter, no capture of an earlier step{}",
                  name, scope.step, reader.hint(name, scope.names)));
}

ThinkTime two_durations(ValueReader& reader, const YamlNode& node, const std::string& field, ThinkTime::Kind kind) {
  ThinkTime think{.kind = kind};
  if (node.kind != YamlNode::Kind::sequence || node.items.size() != 2) {
    reader.problem(node.line, field,
                   kind == ThinkTime::Kind::uniform ? "must be [LOW, HIGH]" : "must be [MEAN, STANDARD DEVIATION]");
    return think;
  }
  const auto low = reader.duration(*node.items[0], field, Nanos{}, ThinkTime::kLongest);
  const auto high = reader.duration(*node.items[1], field, Nanos{}, ThinkTime::kLongest);
  think.low = low.value_or(Nanos{});
  think.high = high.value_or(Nanos{});
  if (kind == ThinkTime::Kind::uniform && low && high && *low > *high) {
    reader.problem(node.line, field, fmt::format("{} is above {}", format_duration(*low), format_duration(*high)));
  }
  return think;
}

ThinkTime lognormal(ValueReader& reader, const YamlNode& node, const std::string& field) {
  ThinkTime think{.kind = ThinkTime::Kind::lognormal};
  if (!reader.is_map(node, field)) return think;
  const Fields fields(reader, node, field, {"median", "sigma"});
  if (const YamlNode* median = fields.require("median")) {
    think.low = reader.duration(*median, fields.path("median"), Nanos{}, ThinkTime::kLongest).value_or(Nanos{});
  }
  if (const YamlNode* sigma = fields.require("sigma")) {
    think.sigma = reader.number(*sigma, fields.path("sigma"), 0, 10).value_or(0);
  }
  return think;
}

}  // namespace

void check_holes(ValueReader& reader, Line line, const std::string& field, const Template& text, const Scope& scope) {
  for_each_piece(text, [&](const Template::Piece& piece) {
    if (!piece.variable.empty()) check_variable(reader, line, field, piece.variable, scope);
    if (!piece.call.empty() && piece.call.front().function == Call::Function::lua && !scope.words.lua) {
      reader.problem(line, field, fmt::format("${{lua:{}}}: the scenario has no 'lua'", piece.call.front().name));
    }
  });
}

Template read_template(ValueReader& reader, const YamlNode& node, const std::string& field, const Scope& scope) {
  auto found = reader.text_template(node, field);
  if (!found) return {};
  check_holes(reader, node.line, field, *found, scope);
  return std::move(*found);
}

std::optional<Pattern> read_pattern(ValueReader& reader, const YamlNode& node, const std::string& field) {
  const auto text = reader.text(node, field);
  if (!text) return std::nullopt;
  auto pattern = Pattern::compile(*text);
  if (pattern) return std::move(*pattern);
  reader.problem(node.line, field, fmt::format("not a regular expression: {}", pattern.error().what));
  return std::nullopt;
}

ThinkTime read_think(ValueReader& reader, const YamlNode& node, const std::string& path) {
  using Kind = ThinkTime::Kind;
  if (node.kind != YamlNode::Kind::map) {
    const Nanos pause = reader.duration(node, path, Nanos{}, ThinkTime::kLongest).value_or(Nanos{});
    return {.kind = pause == Nanos{} ? Kind::none : Kind::constant, .low = pause};
  }
  const Fields fields(reader, node, path, {"uniform", "exponential", "normal", "lognormal"});
  if (node.pairs.size() != 1) {
    reader.problem(node.line, path, "must be a duration, or exactly one of uniform, exponential, normal, lognormal");
    return {};
  }
  if (const YamlNode* range = fields.find("uniform")) {
    return two_durations(reader, *range, fields.path("uniform"), Kind::uniform);
  }
  if (const YamlNode* mean = fields.find("exponential")) {
    const auto value = reader.duration(*mean, fields.path("exponential"), Nanos{1}, ThinkTime::kLongest);
    return {.kind = Kind::exponential, .low = value.value_or(Nanos{1})};
  }
  if (const YamlNode* normal = fields.find("normal")) {
    return two_durations(reader, *normal, fields.path("normal"), Kind::normal);
  }
  if (const YamlNode* node_of = fields.find("lognormal")) {
    return lognormal(reader, *node_of, fields.path("lognormal"));
  }
  return {};
}

bool is_header_name(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace tidemark::schedule
