#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

void read_parameters(ValueReader& reader, const YamlNode* node, const std::map<std::string, std::string>& overrides) {
  if (node != nullptr && node->kind != YamlNode::Kind::null && reader.is_map(*node, "parameters")) {
    if (node->pairs.size() > kMostEntries) reader.problem(node->line, "parameters", "more than 1000 entries");
    for (const auto& [key, value] : node->pairs) {
      const std::string field = "parameters." + key->text;
      if (!is_name(key->text)) reader.problem(key->line, field, "a name is letters, digits and _");
      if (value->kind != YamlNode::Kind::scalar) {
        reader.problem(value->line, field, "must be one value");
        continue;
      }
      reader.parameters[key->text] = value->text;
      reader.used_parameters.insert(key->text);  // declared: an override of it is not a slip
    }
  }
  for (const auto& [key, value] : overrides) reader.parameters[key] = value;
}

void check_overrides(ValueReader& reader, const std::map<std::string, std::string>& overrides) {
  const std::vector<std::string> words(reader.used_parameters.begin(), reader.used_parameters.end());
  for (const auto& [key, value] : overrides) {
    if (reader.used_parameters.contains(key)) continue;
    reader.problem(1, "parameters",
                   fmt::format("-e {}: the scenario has no such parameter{}", key, reader.hint(key, words)));
  }
}

// A parameter takes the place of a variable of the same name before the variable is ever seen.
void check_names(ValueReader& reader, const YamlNode& root, const std::vector<Variable>& variables) {
  const auto taken = [&](const std::string& name) {
    if (reader.parameters.contains(name)) {
      reader.problem(root.line, "variables." + name, "is a parameter already");
    }
  };
  for (const Variable& variable : variables) taken(variable.name);
  for (const std::string& name : built_in_variables()) taken(name);
}

Scenario read_scenario(ValueReader& reader, const YamlNode& root, const std::map<std::string, std::string>& overrides,
                       const std::filesystem::path& base_dir) {
  Scenario scenario;
  const Fields fields(reader, root, "",
                      {"name", "target", "timeout", "parameters", "variables", "load", "flows", "thresholds"});
  read_parameters(reader, fields.find("parameters"), overrides);
  scenario.parameters = reader.parameters;
  if (const YamlNode* node = fields.find("name")) {
    if (const auto text = reader.text(*node, "name")) scenario.name = *text;
    if (scenario.name.empty() || scenario.name.size() > 200) reader.problem(node->line, "name", "1 to 200 bytes");
  }
  if (const YamlNode* node = fields.find("target")) {
    scenario.target = reader.text(*node, "target").value_or("");
    if (!scenario.target.empty() && scenario.target.back() == '/') scenario.target.pop_back();
    if (!scenario.target.empty() && !is_target(scenario.target)) {
      reader.problem(
          node->line, "target",
          fmt::format("'{}' must be scheme, host and port, as in http://127.0.0.1:8080; paths belong to the steps",
                      scenario.target));
    }
  }
  if (const YamlNode* node = fields.find("timeout")) {
    scenario.timeout = reader.duration(*node, "timeout", std::chrono::milliseconds(1), std::chrono::hours(1))
                           .value_or(scenario.timeout);
  }
  if (const YamlNode* node = fields.find("variables"); node != nullptr && node->kind != YamlNode::Kind::null) {
    scenario.variables = read_variables(reader, *node);
  }
  check_names(reader, root, scenario.variables);
  if (const YamlNode* node = fields.require("load")) scenario.load = read_load(reader, *node, base_dir);
  std::vector<std::string> known = built_in_variables();
  for (const Variable& variable : scenario.variables) known.push_back(variable.name);
  const YamlNode* flows = scenario.load.replay ? fields.find("flows") : fields.require("flows");
  if (flows != nullptr && scenario.load.replay) {
    reader.problem(flows->line, "flows", "a replay takes its flows from the log");
  } else if (flows != nullptr) {
    scenario.flows = read_flows(reader, *flows, known);
  }
  if (const YamlNode* node = fields.find("thresholds"); node != nullptr && node->kind != YamlNode::Kind::null) {
    scenario.thresholds = read_thresholds(reader, *node, scenario.flows);
  }
  check_overrides(reader, overrides);
  return scenario;
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& yaml, const std::string& name_for_errors,
                                const std::map<std::string, std::string>& overrides,
                                const std::filesystem::path& base_dir) {
  const auto tree = parse_yaml(yaml, name_for_errors);
  if (!tree) return tl::make_unexpected(tree.error());
  ValueReader reader(name_for_errors);
  if (tree->root == nullptr || !reader.is_map(*tree->root, "")) {
    return fail(ExitCode::usage, name_for_errors + ":1", "a scenario is a map with at least 'load' and 'flows'");
  }
  Scenario scenario = read_scenario(reader, *tree->root, overrides, base_dir);
  if (!reader.clean()) return tl::make_unexpected(reader.error());
  return scenario;
}

Result<Scenario> load_scenario(const std::filesystem::path& file, const std::map<std::string, std::string>& overrides) {
  std::ifstream input(file, std::ios::binary);
  std::error_code ignored;
  if (!input || std::filesystem::is_directory(file, ignored)) {
    return fail(ExitCode::usage, file.string(), "cannot be read", "name a scenario file, or see scenarios/library");
  }
  // One byte beyond the limit is enough for the parser to refuse the rest.
  std::string text(YamlLimits{}.bytes + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(input.gcount()));
  return parse_scenario(text, file.string(), overrides, file.parent_path());
}

}  // namespace tidemark::schedule
