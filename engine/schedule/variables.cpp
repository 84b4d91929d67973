#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min() / 2;  // so that high - low + 1 fits
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max() / 2;

void read_random(ValueReader& reader, const YamlNode& node, const std::string& field, Variable& variable) {
  variable.kind = Variable::Kind::random;
  if (node.kind != YamlNode::Kind::sequence || node.items.size() != 2) {
    reader.problem(node.line, field, "must be [LOW, HIGH]");
    return;
  }
  const auto low = reader.integer(*node.items[0], field, kLowest, kHighest);
  const auto high = reader.integer(*node.items[1], field, kLowest, kHighest);
  if (low && high && *low > *high) reader.problem(node.line, field, fmt::format("{} is above {}", *low, *high));
  variable.low = low.value_or(0);
  variable.high = high.value_or(0);
}

void read_choice(ValueReader& reader, const YamlNode& node, const std::string& field, Variable& variable) {
  variable.kind = Variable::Kind::choice;
  if (!reader.is_sequence(node, field, kMostEntries)) return;
  if (node.items.empty()) reader.problem(node.line, field, "needs at least one value");
  for (const YamlNode* item : node.items) variable.values.push_back(reader.text(*item, field).value_or(""));
}

Variable read_variable(ValueReader& reader, const std::string& name, const YamlNode& node) {
  Variable variable;
  variable.name = name;
  const std::string path = "variables." + name;
  if (node.kind != YamlNode::Kind::map) {
    variable.values = {reader.text(node, path).value_or("")};
    return variable;
  }
  const Fields fields(reader, node, path, {"random", "sequence", "choice", "constant"});
  if (node.pairs.size() != 1) {
    reader.problem(node.line, path, "must be exactly one of random, sequence, choice, constant");
    return variable;
  }
  if (const YamlNode* value = fields.find("random")) {
    read_random(reader, *value, path + ".random", variable);
  } else if (value = fields.find("sequence"); value != nullptr) {
    variable.kind = Variable::Kind::sequence;
    variable.low = reader.integer(*value, path + ".sequence", kLowest, kHighest).value_or(0);
  } else if (value = fields.find("choice"); value != nullptr) {
    read_choice(reader, *value, path + ".choice", variable);
  } else if (value = fields.find("constant"); value != nullptr) {
    variable.values = {reader.text(*value, path + ".constant").value_or("")};
  }
  return variable;
}

}  // namespace

const std::vector<std::string>& built_in_variables() {
  static const std::vector<std::string> names = {"flow_id", "run_id"};
  return names;
}

std::vector<Variable> read_variables(ValueReader& reader, const YamlNode& node) {
  std::vector<Variable> variables;
  if (!reader.is_map(node, "variables")) return variables;
  if (node.pairs.size() > kMostEntries) {
    reader.problem(node.line, "variables", fmt::format("more than {} entries", kMostEntries));
    return variables;
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = "variables." + key->text;
    if (!is_name(key->text)) {
      reader.problem(key->line, field, "a name is letters, digits and _, and begins with no digit");
    } else if (std::ranges::find(built_in_variables(), key->text) != built_in_variables().end()) {
      reader.problem(key->line, field, "is a built-in");
    }
    variables.push_back(read_variable(reader, key->text, *value));
  }
  return variables;
}

}  // namespace tidemark::schedule
