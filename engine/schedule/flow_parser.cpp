#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

constexpr std::array<std::string_view, 7> kShortMethods = {"get", "head", "post", "put", "patch", "delete", "options"};
const std::vector<std::string>& methods() {
  static const std::vector<std::string> words = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return words;
}

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

// RFC 9110 5.6.2.
bool is_header_name(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool any_literal(const Template& text, bool (*bad)(char)) {
  return std::ranges::any_of(text.pieces, [bad](const auto& piece) { return std::ranges::any_of(piece.literal, bad); });
}

class FlowParser {
 public:
  FlowParser(ValueReader& reader, const std::vector<std::string>& known) : reader_(reader), known_(known) {}

  Flow flow(const YamlNode& node, const std::string& path);

 private:
  Step step(const YamlNode& node, const std::string& path, std::size_t number);
  void request(const Fields& fields, Step& step);
  void headers(const YamlNode& node, const std::string& path, Step& step);
  void captures(const YamlNode& node, const std::string& path, Step& step);
  void url(const YamlNode& node, const std::string& field, Step& step);
  Template checked(const YamlNode& node, const std::string& field, const Step& step);

  ValueReader& reader_;
  const std::vector<std::string>& known_;
  std::vector<std::string> in_scope_;
  std::set<std::string> flow_names_, step_names_;
  std::string flow_name_;
};

// A template of which every hole is known where the step stands.
Template FlowParser::checked(const YamlNode& node, const std::string& field, const Step& step) {
  auto found = reader_.text_template(node, field);
  if (!found) return {};
  for (const auto& piece : found->pieces) {
    if (piece.variable.empty() || std::ranges::find(in_scope_, piece.variable) != in_scope_.end()) continue;
    reader_.problem(
        node.line, field,
        fmt::format("${{{}}} is not defined in step '{}': no variable, no parameter, no capture of an earlier step{}",
                    piece.variable, step.name, reader_.hint(piece.variable, in_scope_)));
  }
  return std::move(*found);
}

void FlowParser::url(const YamlNode& node, const std::string& field, Step& step) {
  step.url = checked(node, field, step);
  if (step.url.pieces.empty()) return;
  const auto& first = step.url.pieces.front();
  const std::string& begin = first.literal;
  if (first.variable.empty() && !begin.starts_with('/') && !begin.starts_with("http://") &&
      !begin.starts_with("https://")) {
    reader_.problem(node.line, field, fmt::format("'{}' must begin with /, http:// or https://", begin));
  }
  if (any_literal(step.url, [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f; })) {
    reader_.problem(node.line, field, "holds a blank or a control character: write it as %20");
  }
}

void FlowParser::headers(const YamlNode& node, const std::string& path, Step& step) {
  if (!reader_.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) {
    reader_.problem(node.line, path, fmt::format("more than {} headers", kMostPerStep));
    return;
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_header_name(key->text)) reader_.problem(key->line, field, "not a header name");
    Template text = checked(*value, field, step);
    if (any_literal(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; })) {
      reader_.problem(value->line, field, "holds a line break or a control character");
    }
    step.headers.emplace_back(key->text, std::move(text));
  }
}

void FlowParser::request(const Fields& fields, Step& step) {
  const YamlNode* long_form = fields.find("request");
  int given = long_form != nullptr ? 1 : 0;
  for (std::size_t i = 0; i < kShortMethods.size(); ++i) {
    const YamlNode* node = fields.find(kShortMethods[i]);
    if (node == nullptr) continue;
    ++given;
    step.method = methods()[i];
    url(*node, fields.path(kShortMethods[i]), step);
  }
  if (given != 1) {
    reader_.problem(
        fields.line(), fields.path("request"),
        fmt::format("step '{}' needs exactly one of {}, request", step.name, fmt::join(kShortMethods, ", ")));
    return;
  }
  const auto rest = [&](const Fields& from) {
    if (const YamlNode* node = from.find("headers")) headers(*node, from.path("headers"), step);
    if (const YamlNode* node = from.find("body")) step.body = checked(*node, from.path("body"), step);
  };
  rest(fields);
  if (long_form == nullptr || !reader_.is_map(*long_form, fields.path("request"))) return;
  const Fields inner(reader_, *long_form, fields.path("request"), {"method", "url", "headers", "body"});
  if (const YamlNode* node = inner.find("method")) {
    if (const auto index = reader_.word(*node, inner.path("method"), methods())) step.method = methods()[*index];
  }
  if (const YamlNode* node = inner.require("url")) url(*node, inner.path("url"), step);
  rest(inner);
}

void FlowParser::captures(const YamlNode& node, const std::string& path, Step& step) {
  if (!reader_.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) {
    reader_.problem(node.line, path, fmt::format("more than {} captures", kMostPerStep));
    return;
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_name(key->text)) reader_.problem(key->line, field, "a name is letters, digits and _");
    if (std::ranges::find(known_, key->text) != known_.end() || reader_.parameters.contains(key->text)) {
      reader_.problem(key->line, field, "is a variable, a parameter or a built-in already");
    }
    if (!reader_.is_map(*value, field)) continue;
    const Fields fields(reader_, *value, field, {"json", "header"});
    if (value->pairs.size() != 1) {
      reader_.problem(value->line, field, "must be exactly one of json: POINTER, header: NAME");
      continue;
    }
    Capture capture{key->text, "", ""};
    if (const YamlNode* json = fields.find("json")) {
      capture.json_pointer = reader_.text(*json, field + ".json").value_or("");
      if (capture.json_pointer.empty() || !is_json_pointer(capture.json_pointer)) {
        reader_.problem(json->line, field + ".json", "must be a JSON pointer such as /order/id (RFC 6901)");
      }
    } else if (const YamlNode* header = fields.find("header")) {
      capture.header = reader_.text(*header, field + ".header").value_or("");
      if (!is_header_name(capture.header)) reader_.problem(header->line, field + ".header", "not a header name");
    }
    step.captures.push_back(std::move(capture));
  }
}

Step FlowParser::step(const YamlNode& node, const std::string& path, std::size_t number) {
  Step step;
  step.name = number == 0 ? flow_name_ : fmt::format("{}-{}", flow_name_, number + 1);
  if (!reader_.is_map(node, path)) return step;
  const Fields fields(reader_, node, path,
                      {"name", "get", "head", "post", "put", "patch", "delete", "options", "request", "headers", "body",
                       "think", "capture", "check"});
  if (const YamlNode* name = fields.find("name")) {
    step.name = reader_.text(*name, fields.path("name")).value_or(step.name);
    if (!is_step_name(step.name)) {
      reader_.problem(name->line, fields.path("name"), "1 to 100 bytes, without braces and control characters");
    }
  }
  if (!step_names_.insert(step.name).second) {
    reader_.problem(
        node.line, fields.path("name"),
        fmt::format("'{}' is the name of another step: its numbers would be mixed with this one's", step.name));
  }
  request(fields, step);
  if (const YamlNode* think = fields.find("think")) {
    step.think = reader_.duration(*think, fields.path("think"), Nanos{}, std::chrono::hours(1)).value_or(Nanos{});
  }
  if (const YamlNode* check = fields.find("check")) step.checks = read_checks(reader_, *check, fields.path("check"));
  if (const YamlNode* capture = fields.find("capture")) captures(*capture, fields.path("capture"), step);
  for (const Capture& capture : step.captures) in_scope_.push_back(capture.variable);
  return step;
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
    } else if (text && !flow_names_.insert(*text).second) {
      reader_.problem(name->line, fields.path("name"), fmt::format("'{}' is the name of another flow", *text));
    }
  }
  if (const YamlNode* weight = fields.find("weight")) {
    flow.weight = reader_.number(*weight, fields.path("weight"), 1e-9, 1e9).value_or(1);
  }
  const YamlNode* steps = fields.require("steps");
  if (steps == nullptr || !reader_.is_sequence(*steps, fields.path("steps"), kMostSteps)) return flow;
  if (steps->items.empty()) reader_.problem(steps->line, fields.path("steps"), "needs at least one step");
  in_scope_ = known_;
  flow_name_ = flow.name;
  for (std::size_t i = 0; i < steps->items.size(); ++i) {
    flow.steps.push_back(step(*steps->items[i], fmt::format("{}[{}]", fields.path("steps"), i), i));
  }
  return flow;
}

}  // namespace

std::vector<Flow> read_flows(ValueReader& reader, const YamlNode& node, const std::vector<std::string>& known) {
  std::vector<Flow> flows;
  if (!reader.is_sequence(node, "flows", kMostFlows)) return flows;
  if (node.items.empty()) reader.problem(node.line, "flows", "needs at least one flow");
  FlowParser parser(reader, known);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    flows.push_back(parser.flow(*node.items[i], fmt::format("flows[{}]", i)));
  }
  return flows;
}

}  // namespace tidemark::schedule
