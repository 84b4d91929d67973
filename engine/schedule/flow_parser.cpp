#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/step_parts.h"

namespace tidemark::schedule {
namespace {

constexpr std::int64_t kMostPasses = 1'000'000;
constexpr std::uint32_t kDefaultPasses = 1000;  // of a while without at_most

// The flow's name travels in the shadow tag: a small closed alphabet.
bool is_flow_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_step_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && text.find_first_of("{}") == std::string_view::npos &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

class FlowParser {
 public:
  FlowParser(ValueReader& reader, const Vocabulary& words, SeriesNames& names)
      : reader_(reader), words_(words), names_(names), scope_{words_, {}} {}

  Flow flow(const YamlNode& node, const std::string& path);
  // The steps of `flow`, which has its name.
  void begin(const YamlNode& list, const std::string& path, Flow& flow, bool rows);

 private:
  void items(const YamlNode& list, const std::string& path, Flow& flow);
  void item(const YamlNode& node, const std::string& path, Flow& flow);
  void conditions(const Fields& fields, Block& block);
  void passes(const Fields& fields, Block& block);
  void group(const Fields& fields, Block& block);
  void step(const YamlNode& node, const Fields& fields, Flow& flow);
  void name(const YamlNode& node, const Fields& fields, Step& step);
  std::string lua(const Fields& fields, std::string_view key);

  ValueReader& reader_;
  const Vocabulary& words_;
  SeriesNames& names_;
  Scope scope_;
};

std::string FlowParser::lua(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key);
  if (node == nullptr) return {};
  std::string function = reader_.text(*node, fields.path(key)).value_or("");
  if (!is_name(function)) {
    reader_.problem(node->line, fields.path(key), "must name a function of the scenario's Lua");
  } else if (!words_.lua) {
    reader_.problem(node->line, fields.path(key), fmt::format("'{}': the scenario has no 'lua'", function));
  }
  return function;
}

void FlowParser::name(const YamlNode& node, const Fields& fields, Step& step) {
  if (const YamlNode* name = fields.find("name")) {
    step.name = reader_.text(*name, fields.path("name")).value_or(step.name);
    if (!is_step_name(step.name)) {
      reader_.problem(name->line, fields.path("name"), "1 to 100 bytes, without braces and control characters");
    }
  }
  if (!names_.steps.insert(step.name).second) {
    reader_.problem(
        node.line, fields.path("name"),
        fmt::format("'{}' is the name of another step: its numbers would be mixed with this one's", step.name));
  }
}

void FlowParser::step(const YamlNode& node, const Fields& fields, Flow& flow) {
  const std::size_t number = flow.steps.size();
  Step step;
  step.name = number == 0 ? flow.name : fmt::format("{}-{}", flow.name, number + 1);
  name(node, fields, step);
  scope_.step = step.name;
  read_request(reader_, fields, scope_, step);
  if (const YamlNode* redirects = fields.find("redirects")) {
    step.redirects = static_cast<std::uint32_t>(
        reader_.integer(*redirects, fields.path("redirects"), 0, kMostRedirects).value_or(0));
  }
  step.before = lua(fields, "before");
  step.after = lua(fields, "after");
  if (const YamlNode* think = fields.find("think")) step.think = read_think(reader_, *think, fields.path("think"));
  if (const YamlNode* check = fields.find("check"))
    step.checks = read_checks(reader_, *check, fields.path("check"), step.protocol);
  if (const YamlNode* capture = fields.find("capture")) {
    step.captures = read_captures(reader_, *capture, fields.path("capture"), scope_);
  }
  for (const Capture& capture : step.captures) scope_.names.push_back(capture.variable);
  flow.steps.push_back(std::move(step));
}

void FlowParser::passes(const Fields& fields, Block& block) {
  const YamlNode* repeat = fields.find("repeat");
  const YamlNode* loop = fields.find("while");
  const YamlNode* at_most = fields.find("at_most");
  if (repeat != nullptr && loop != nullptr) {
    reader_.problem(repeat->line, fields.path("repeat"), "stands beside 'while': at_most bounds that one");
  }
  if (at_most != nullptr && loop == nullptr) {
    reader_.problem(at_most->line, fields.path("at_most"), "belongs to 'while'");
  }
  const auto count = [&](const YamlNode* node, std::string_view key, std::uint32_t otherwise) {
    if (node == nullptr) return otherwise;
    return static_cast<std::uint32_t>(reader_.integer(*node, fields.path(key), 1, kMostPasses).value_or(1));
  };
  block.repeat = loop != nullptr ? count(at_most, "at_most", kDefaultPasses) : count(repeat, "repeat", 1);
}

void FlowParser::group(const Fields& fields, Block& block) {
  const YamlNode* node = fields.find("group");
  if (node == nullptr) return;
  block.group = reader_.text(*node, fields.path("group")).value_or("?");
  if (!is_step_name(block.group)) {
    reader_.problem(node->line, fields.path("group"), "1 to 100 bytes, without braces and control characters");
  } else if (!names_.groups.insert(block.group).second) {
    reader_.problem(
        node->line, fields.path("group"),
        fmt::format("'{}' is the name of another group: its times would be mixed with this one's", block.group));
  }
}

// One entry of a list of steps: a request, or a block of more steps; either under a condition or a repetition.
void FlowParser::item(const YamlNode& node, const std::string& path, Flow& flow) {
  if (!reader_.is_map(node, path)) return;
  const bool has_steps = std::ranges::any_of(node.pairs, [](const auto& pair) { return pair.first->text == "steps"; });
  const bool is_block =
      has_steps || std::ranges::any_of(node.pairs, [](const auto& pair) { return pair.first->text == "group"; });
  const Fields fields =
      is_block
          ? Fields(reader_, node, path, {"group", "if", "while", "at_most", "repeat", "steps"})
          : Fields(reader_, node, path, {"grpc",    "redis",   "mysql", "kafka",     "http",      "name",    "get",
                                         "head",    "post",    "put",   "patch",     "delete",    "options", "request",
                                         "headers", "body",    "form",  "multipart", "redirects", "before",  "after",
                                         "think",   "capture", "check", "if",        "while",     "at_most", "repeat"});
  Block block;
  block.first = static_cast<std::uint32_t>(flow.steps.size());
  scope_.step = is_block ? path : fmt::format("{}-{}", flow.name, flow.steps.size() + 1);
  if (const YamlNode* condition = fields.find("if")) {
    block.condition = read_condition(reader_, *condition, fields.path("if"), scope_);
  }
  passes(fields, block);
  if (is_block) group(fields, block);
  const bool wanted = is_block || fields.find("if") != nullptr || fields.find("while") != nullptr || block.repeat != 1;
  const std::size_t at = flow.blocks.size();
  if (wanted) flow.blocks.push_back(block);  // before those inside
  if (is_block) {
    const YamlNode* steps = fields.require("steps");
    if (steps != nullptr) items(*steps, fields.path("steps"), flow);
  } else {
    step(node, fields, flow);
  }
  if (!wanted) return;
  // What a pass captures is known when the next one is asked for.
  if (const YamlNode* loop = fields.find("while")) {
    flow.blocks[at].loop = read_condition(reader_, *loop, fields.path("while"), scope_);
  }
  flow.blocks[at].end = static_cast<std::uint32_t>(flow.steps.size());
}

void FlowParser::items(const YamlNode& list, const std::string& path, Flow& flow) {
  if (!reader_.is_sequence(list, path, kMostSteps)) return;
  if (list.items.empty()) reader_.problem(list.line, path, "needs at least one step");
  for (std::size_t i = 0; i < list.items.size(); ++i) item(*list.items[i], fmt::format("{}[{}]", path, i), flow);
}

void FlowParser::begin(const YamlNode& list, const std::string& path, Flow& flow, bool rows) {
  scope_.names = words_.fixed;
  scope_.names.insert(scope_.names.end(), words_.captured.begin(), words_.captured.end());
  scope_.rows = rows;
  items(list, path, flow);
  if (flow.steps.size() > kMostSteps) {
    reader_.problem(list.line, path, fmt::format("more than {} steps in all", kMostSteps));
  }
}

Flow FlowParser::flow(const YamlNode& node, const std::string& path) {
  Flow flow;
  if (!reader_.is_map(node, path)) return flow;
  const Fields fields(reader_, node, path, {"name", "weight", "steps"});
  if (const YamlNode* name = fields.require("name")) {
    const auto text = reader_.text(*name, fields.path("name"));
    flow.name = text.value_or("");
    if (text && !is_flow_name(*text)) {
      reader_.problem(name->line, fields.path("name"), fmt::format("'{}' must be 1 to 32 of a-z, 0-9, _ and -", *text));
    } else if (text && !names_.flows.insert(*text).second) {
      reader_.problem(name->line, fields.path("name"), fmt::format("'{}' is the name of another flow", *text));
    }
  }
  if (const YamlNode* weight = fields.find("weight")) {
    flow.weight = reader_.number(*weight, fields.path("weight"), 1e-9, 1e9).value_or(1);
  }
  if (const YamlNode* steps = fields.require("steps")) begin(*steps, fields.path("steps"), flow, true);
  return flow;
}

}  // namespace

std::vector<Flow> read_flows(ValueReader& reader, const YamlNode& node, const Vocabulary& words, SeriesNames& names) {
  std::vector<Flow> flows;
  if (!reader.is_sequence(node, "flows", kMostFlows)) return flows;
  if (node.items.empty()) reader.problem(node.line, "flows", "needs at least one flow");
  FlowParser parser(reader, words, names);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    flows.push_back(parser.flow(*node.items[i], fmt::format("flows[{}]", i)));
  }
  return flows;
}

Flow read_single_flow(ValueReader& reader, const YamlNode& steps, const std::string& name, const Vocabulary& words,
                      SeriesNames& names) {
  Flow flow{.name = name};
  names.flows.insert(name);
  FlowParser(reader, words, names).begin(steps, name, flow, false);
  return flow;
}

}  // namespace tidemark::schedule
