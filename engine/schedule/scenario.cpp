#include "engine/schedule/scenario.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

using nlohmann::json;

// The inverse of reading a scalar: a dollar sign is written twice.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '$' ? 2 : 1, c);
  return result;
}

std::string source_of(const Template& text) {
  std::string result;
  for (const auto& piece : text.pieces) {
    result += piece.variable.empty() ? escaped(piece.literal) : "${" + piece.variable + "}";
  }
  return result;
}

json escaped_json(json value) {
  if (value.is_string()) return escaped(value.get<std::string>());
  if (value.is_structured()) {
    for (auto& item : value) item = escaped_json(item);
  }
  return value;
}

std::string status_text(const Check& check) {
  return check.low == check.high ? std::to_string(check.low)
                                 : std::to_string(check.low) + "-" + std::to_string(check.high);
}

json checks_json(const std::vector<Check>& checks) {
  json result = json::object();
  for (const Check& check : checks) {
    switch (check.kind) {
      case Check::Kind::status:
      case Check::Kind::status_range:
        result["status"] = status_text(check);
        break;
      case Check::Kind::body_contains:
        result["body_contains"].push_back(escaped(check.text));
        break;
      case Check::Kind::json_equals:
        result["json"][check.pointer] = escaped_json(json::parse(check.text));
        break;
      case Check::Kind::response_below:
        result["response_below"] = format_duration(check.limit);
        break;
    }
  }
  return result;
}

json step_json(const Step& step) {
  json request = {{"method", step.method}, {"url", source_of(step.url)}};
  for (const auto& [name, value] : step.headers) request["headers"][name] = source_of(value);
  if (!step.body.pieces.empty()) request["body"] = source_of(step.body);
  json result = {{"name", escaped(step.name)}, {"request", std::move(request)}};
  if (step.think != Nanos{}) result["think"] = format_duration(step.think);
  if (!step.checks.empty()) result["check"] = checks_json(step.checks);
  for (const Capture& capture : step.captures) {
    result["capture"][capture.variable] = capture.header.empty() ? json{{"json", escaped(capture.json_pointer)}}
                                                                 : json{{"header", escaped(capture.header)}};
  }
  return result;
}

json variable_json(const Variable& variable) {
  switch (variable.kind) {
    case Variable::Kind::random:
      return {{"random", {variable.low, variable.high}}};
    case Variable::Kind::sequence:
      return {{"sequence", variable.low}};
    case Variable::Kind::choice: {
      json values = json::array();
      for (const std::string& value : variable.values) values.push_back(escaped(value));
      return {{"choice", std::move(values)}};
    }
    case Variable::Kind::constant:
      break;
  }
  return {{"constant", escaped(variable.values.empty() ? "" : variable.values.front())}};
}

json load_json(const Load& load) {
  json result = {{"model", load.model == Load::Model::open ? "open" : "closed"}};
  if (load.connections > 0) result["connections"] = load.connections;
  if (load.model == Load::Model::closed) {
    result["duration"] = format_duration(load.duration);
    return result;
  }
  result["arrivals"] = load.arrivals == Load::Arrivals::poisson ? "poisson" : "even";
  for (const Stage& stage : load.stages) {
    json item = {{"duration", format_duration(stage.duration)}};
    if (stage.from == stage.to) {
      item["rate"] = stage.from.per_second();
    } else {
      item["from"] = stage.from.per_second();
      item["to"] = stage.to.per_second();
    }
    result["stages"].push_back(std::move(item));
  }
  if (load.shape) {
    result["shape"] = {{"file", escaped(load.shape->file.string())},
                       {"duration", format_duration(load.shape->duration)}};
    if (load.shape->mean) result["shape"]["mean"] = load.shape->mean->per_second();
    if (load.shape->peak) result["shape"]["peak"] = load.shape->peak->per_second();
  }
  if (load.replay) result["replay"] = {{"file", escaped(load.replay->file.string())}, {"speed", load.replay->speed}};
  return result;
}

}  // namespace

bool Template::constant() const {
  return std::ranges::all_of(pieces, [](const Piece& piece) { return piece.variable.empty(); });
}

const std::string& Template::text() const {
  static const std::string nothing;
  return pieces.empty() ? nothing : pieces.front().literal;
}

Nanos Scenario::duration() const {
  if (load.model == Load::Model::closed) return load.duration;
  if (load.shape) return load.shape->duration;
  Nanos sum{};
  for (const Stage& stage : load.stages) sum += stage.duration;
  return sum;
}

bool is_target(const std::string& text) {
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  if (scheme == 0 || text.size() == scheme || text.size() > 512) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(scheme), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("/?#@\\\"<>").find(c) == std::string_view::npos;
  });
}

Scenario single_url_scenario(const std::string& url) {
  Scenario scenario;
  scenario.name = "get";
  std::string path = url.substr(0, url.find('#'));
  const std::size_t scheme = path.find("://");
  const std::size_t end = scheme == std::string::npos ? std::string::npos : path.find_first_of("/?", scheme + 3);
  if (scheme != std::string::npos && is_target(path.substr(0, end))) {
    scenario.target = path.substr(0, end);
    path = end == std::string::npos ? "/" : path.substr(end);
    if (path.front() == '?') path.insert(0, "/");
  }
  Step step;
  step.name = "get";
  step.url.pieces.push_back({path, ""});
  scenario.flows.push_back({"get", 1, {std::move(step)}});
  return scenario;
}

json to_json(const Scenario& scenario) {
  json result = {{"name", escaped(scenario.name)},
                 {"timeout", format_duration(scenario.timeout)},
                 {"load", load_json(scenario.load)}};
  if (!scenario.target.empty()) result["target"] = escaped(scenario.target);
  if (!scenario.parameters.empty()) result["parameters"] = scenario.parameters;
  for (const Variable& variable : scenario.variables) result["variables"][variable.name] = variable_json(variable);
  for (const Flow& flow : scenario.flows) {
    json steps = json::array();
    for (const Step& step : flow.steps) steps.push_back(step_json(step));
    result["flows"].push_back({{"name", flow.name}, {"weight", flow.weight}, {"steps", std::move(steps)}});
  }
  for (const Threshold& threshold : scenario.thresholds) result["thresholds"].push_back(escaped(threshold.expression));
  return result;
}

}  // namespace tidemark::schedule
