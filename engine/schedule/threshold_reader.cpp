// Thresholds of a scenario file: the expression alone, or a map with what breaking it does.
#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

struct Names {
  std::vector<std::string> steps, flows, groups;
};

Names names_of(const std::vector<Flow>& flows) {
  Names names;
  for (const Flow& flow : flows) {
    names.flows.push_back(flow.name);
    for (const Step& step : flow.steps) names.steps.push_back(step.name);
    for (const Block& block : flow.blocks) {
      if (!block.group.empty()) names.groups.push_back(block.group);
    }
  }
  return names;
}

void check_name(ValueReader& reader, Line line, const std::string& field, const char* what, const std::string& name,
                const std::vector<std::string>& known) {
  if (name.empty() || std::ranges::find(known, name) != known.end()) return;
  reader.problem(line, field, fmt::format("no {} is named '{}'{}", what, name, reader.hint(name, known)));
}

// `for` counts intervals, so that a rule stops the run at the k-th and not before.
void read_stop(ValueReader& reader, const Fields& fields, Threshold& threshold) {
  if (const YamlNode* node = fields.find("abort")) {
    static const std::vector<std::string> kWords = {"false", "true"};
    if (const auto word = reader.word(*node, fields.path("abort"), kWords)) threshold.abort = *word == 1;
  }
  if (const YamlNode* node = fields.find("for")) {
    if (const auto count = reader.integer(*node, fields.path("for"), 1, 3600)) {
      threshold.for_intervals = static_cast<std::uint32_t>(*count);
    }
    if (!threshold.abort) reader.problem(node->line, fields.path("for"), "has no meaning without 'abort: true'");
  }
}

}  // namespace

std::vector<Threshold> read_thresholds(ValueReader& reader, const YamlNode& node, const std::vector<Flow>& flows) {
  std::vector<Threshold> thresholds;
  if (!reader.is_sequence(node, "thresholds", kMostEntries)) return thresholds;
  const Names names = names_of(flows);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = *node.items[i];
    std::string field = fmt::format("thresholds[{}]", i);
    const YamlNode* written = &item;
    std::optional<Fields> fields;
    if (item.kind == YamlNode::Kind::map) {
      fields.emplace(reader, item, field, std::initializer_list<std::string_view>{"expect", "abort", "for"});
      written = fields->require("expect");
      field = fields->path("expect");
      if (written == nullptr) continue;
    }
    const auto text = reader.text(*written, field);
    if (!text) continue;
    auto threshold = parse_threshold(*text);
    if (!threshold) {
      reader.problem(written->line, field, fmt::format("'{}': {}", *text, threshold.error().what));
      continue;
    }
    if (fields) read_stop(reader, *fields, *threshold);
    if (flows.empty()) {  // a replay: its steps come with the log
      thresholds.push_back(std::move(*threshold));
      continue;
    }
    check_name(reader, written->line, field, "step", threshold->step, names.steps);
    check_name(reader, written->line, field, "flow", threshold->flow, names.flows);
    check_name(reader, written->line, field, "group", threshold->group, names.groups);
    thresholds.push_back(std::move(*threshold));
  }
  return thresholds;
}

}  // namespace tidemark::schedule
