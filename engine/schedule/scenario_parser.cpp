#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/protocol_parser.h"
#include "engine/schedule/scenario_files.h"
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
    reader.problem({.number = 1}, "parameters",
                   fmt::format("-e {}: the scenario has no such parameter{}", key, reader.hint(key, words)));
  }
}

// A parameter takes the place of a variable of the same name before the variable is ever seen.
void check_names(ValueReader& reader, const YamlNode& root, const Scenario& scenario) {
  const auto taken = [&](const std::string& field, const std::string& name) {
    if (reader.parameters.contains(name)) reader.problem(root.line, field + "." + name, "is a parameter already");
  };
  for (const Variable& variable : scenario.variables) taken("variables", variable.name);
  for (const std::string& name : built_in_variables()) taken("variables", name);
  for (const Feeder& feeder : scenario.feeders) {
    taken("feeders", feeder.name);
    if (std::ranges::find(scenario.variables, feeder.name, &Variable::name) != scenario.variables.end()) {
      reader.problem(root.line, "feeders." + feeder.name, "is a variable already");
    }
  }
}

const YamlNode* present(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key);
  return node == nullptr || node->kind == YamlNode::Kind::null ? nullptr : node;
}

bool read_switch(ValueReader& reader, const Fields& fields, std::string_view key, bool otherwise) {
  static const std::vector<std::string> words = {"false", "true"};
  const YamlNode* node = fields.find(key);
  return node == nullptr ? otherwise : reader.word(*node, fields.path(key), words).value_or(0) == 1;
}

// One line that ends in .lua is a file's name; anything else is the script itself, in which $ means nothing.
Script read_script(ValueReader& reader, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar || node.text.empty()) {
    reader.problem(node.line, "lua", "must be a file's name that ends in .lua, or a script");
    return {};
  }
  if (node.text.ends_with(".lua") && node.text.find('\n') == std::string::npos) {
    return {.file = reader.file(node, "lua")};
  }
  return {.source = node.text};
}

void read_head(ValueReader& reader, const Fields& fields, Scenario& scenario) {
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
  if (const YamlNode* node = fields.find("http")) scenario.http_version = read_http_version(reader, *node, "http");
  if (const YamlNode* node = fields.find("http2")) scenario.streams = read_streams(reader, *node);
  if (const YamlNode* node = fields.find("tls")) scenario.tls = read_tls(reader, *node);
  scenario.cookies = read_switch(reader, fields, "cookies", scenario.cookies);
  scenario.compression = read_switch(reader, fields, "compression", scenario.compression);
  if (const YamlNode* node = fields.find("redirects")) {
    scenario.redirects = static_cast<std::uint32_t>(reader.integer(*node, "redirects", 0, kMostRedirects).value_or(0));
  }
}

// The scenario's choice for steps that make none of their own.
void use_http_version(Flow& flow, HttpVersion version) {
  for (Step& step : flow.steps) {
    if (step.protocol == Protocol::http && step.http_version == HttpVersion::automatic) step.http_version = version;
  }
}

void read_all_flows(ValueReader& reader, const Fields& fields, Scenario& scenario) {
  Vocabulary words{.fixed = built_in_variables(), .lua = scenario.lua.given()};
  for (const Variable& variable : scenario.variables) words.fixed.push_back(variable.name);
  for (const Feeder& feeder : scenario.feeders) words.feeders.push_back(feeder.name);
  SeriesNames names;
  if (const YamlNode* node = present(fields, "setup")) {
    scenario.setup = read_single_flow(reader, *node, "setup", words, names);
    for (const Step& step : scenario.setup.steps) {
      for (const Capture& capture : step.captures) words.captured.push_back(capture.variable);
    }
  }
  const YamlNode* flows = scenario.load.replay ? fields.find("flows") : fields.require("flows");
  if (flows != nullptr && scenario.load.replay) {
    reader.problem(flows->line, "flows", "a replay takes its flows from the log");
  } else if (flows != nullptr) {
    scenario.flows = read_flows(reader, *flows, words, names);
  }
  if (const YamlNode* node = present(fields, "teardown")) {
    scenario.teardown = read_single_flow(reader, *node, "teardown", words, names);
  }
  use_http_version(scenario.setup, scenario.http_version);
  for (Flow& flow : scenario.flows) use_http_version(flow, scenario.http_version);
  use_http_version(scenario.teardown, scenario.http_version);
}

void read_loads(ValueReader& reader, const Fields& fields, Scenario& scenario) {
  const YamlNode* several = fields.find("loads");
  if (several == nullptr) {
    if (const YamlNode* node = fields.require("load")) scenario.load = read_load(reader, *node, "load");
    return;
  }
  if (fields.find("load") != nullptr) reader.problem(several->line, "loads", "stands instead of 'load', not beside it");
  if (!reader.is_sequence(*several, "loads", kMostLoads)) return;
  if (several->items.empty()) reader.problem(several->line, "loads", "needs at least one load");
  for (std::size_t i = 0; i < several->items.size(); ++i) {
    Load load = read_load(reader, *several->items[i], fmt::format("loads[{}]", i));
    if (load.replay && several->items.size() > 1) {
      reader.problem(several->items[i]->line, fmt::format("loads[{}].replay", i),
                     "a log brings its own flows and runs alone; 'offsets' may run beside others");
    }
    if (i == 0) {
      scenario.load = std::move(load);
    } else {
      scenario.further_loads.push_back(std::move(load));
    }
  }
}

// A load may start some of the flows only.
void check_load_flows(ValueReader& reader, const YamlNode& root, const Scenario& scenario) {
  std::vector<std::string> names;
  for (const Flow& flow : scenario.flows) names.push_back(flow.name);
  for (std::size_t i = 0; i < 1 + scenario.further_loads.size(); ++i) {
    const std::string path = scenario.further_loads.empty() ? "load.flows" : fmt::format("loads[{}].flows", i);
    for (const std::string& wanted : scenario.loads()[i]->flows) {
      if (std::ranges::find(names, wanted) != names.end()) continue;
      reader.problem(root.line, path, fmt::format("no flow is called '{}'{}", wanted, reader.hint(wanted, names)));
    }
  }
}

Scenario read_scenario(ValueReader& reader, const YamlNode& root, const std::map<std::string, std::string>& overrides) {
  Scenario scenario;
  // 'include' is known, and gone from the tree by now.
  const Fields fields(reader, root, "",
                      {"name",      "target",  "timeout", "http",    "http2",      "tls",         "parameters",
                       "variables", "feeders", "lua",     "cookies", "redirects",  "compression", "setup",
                       "teardown",  "load",    "loads",   "flows",   "thresholds", "include"});
  read_parameters(reader, fields.find("parameters"), overrides);
  scenario.parameters = reader.parameters;
  read_head(reader, fields, scenario);
  if (const YamlNode* node = present(fields, "variables")) scenario.variables = read_variables(reader, *node);
  if (const YamlNode* node = present(fields, "feeders")) scenario.feeders = read_feeders(reader, *node);
  if (const YamlNode* node = present(fields, "lua")) scenario.lua = read_script(reader, *node);
  check_names(reader, root, scenario);
  read_loads(reader, fields, scenario);
  read_all_flows(reader, fields, scenario);
  if (!scenario.flows.empty()) check_load_flows(reader, root, scenario);
  if (const YamlNode* node = present(fields, "thresholds")) {
    scenario.thresholds = read_thresholds(reader, *node, scenario.flows);
  }
  check_overrides(reader, overrides);
  return scenario;
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& yaml, const std::string& name_for_errors,
                                const std::map<std::string, std::string>& overrides,
                                const std::filesystem::path& base_dir, const ReadText& read) {
  ValueReader reader(name_for_errors, base_dir);
  const auto tree = merge_files(reader, yaml, name_for_errors, base_dir, read);
  if (!tree) return tl::make_unexpected(tree.error());
  Scenario scenario = read_scenario(reader, *tree->root, overrides);
  if (!reader.clean()) return tl::make_unexpected(reader.error());
  return scenario;
}

Result<Scenario> load_scenario(const std::filesystem::path& file, const std::map<std::string, std::string>& overrides) {
  const auto text = read_scenario_text(file);
  if (!text) return tl::make_unexpected(text.error());
  return parse_scenario(*text, file.string(), overrides, file.has_parent_path() ? file.parent_path() : ".");
}

}  // namespace tidemark::schedule
