#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/schedule/protocol_parser.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/store_target.h"

namespace tidemark::schedule {
namespace {

using nlohmann::json;

constexpr std::size_t kShortestHidden = 4;  // shorter passwords stand in other texts by chance

// Of the targets of stores, as it stands there.
void for_each_password(const Scenario& scenario, const std::function<void(const std::string&)>& visit) {
  const auto visit_flow = [&visit](const Flow& flow) {
    for (const Step& step : flow.steps) {
      if (!step.store || !step.store->target.constant()) continue;
      const std::string_view password = password_in(step.store->target.text());
      if (!password.empty()) visit(std::string(password));
    }
  };
  visit_flow(scenario.setup);
  for (const Flow& flow : scenario.flows) visit_flow(flow);
  visit_flow(scenario.teardown);
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

void add_check(const Check& check, json& result) {
  using Kind = Check::Kind;
  switch (check.kind) {
    case Kind::status:
    case Kind::status_range:
      result["status"] = status_text(check);
      break;
    case Kind::body_contains:
      result["body_contains"].push_back(escaped(check.text));
      break;
    case Kind::body_matches:
      result["body_matches"].push_back(escaped(check.pattern.text()));
      break;
    case Kind::json_equals:
      result["json"][check.pointer] = escaped_json(json::parse(check.text));
      break;
    case Kind::json_exists:
      result["json_exists"].push_back(escaped(check.pointer));
      break;
    case Kind::header_equals:
      result["header"][check.header]["equals"] = escaped(check.text);
      break;
    case Kind::header_contains:
      result["header"][check.header]["contains"] = escaped(check.text);
      break;
    case Kind::header_matches:
      result["header"][check.header]["matches"] = escaped(check.pattern.text());
      break;
    case Kind::response_below:
      result["response_below"] = format_duration(check.limit);
      break;
  }
}

json capture_json(const Capture& capture) {
  json result;
  switch (capture.kind) {
    case Capture::Kind::json:
      result["json"] = escaped(capture.json_pointer);
      break;
    case Capture::Kind::header:
      result["header"] = escaped(capture.header);
      break;
    case Capture::Kind::cookie:
      result["cookie"] = escaped(capture.cookie);
      break;
    case Capture::Kind::regex:
      result = {{"regex", escaped(capture.pattern.text())}, {"group", capture.group}};
      break;
  }
  if (capture.fallback) result["default"] = escaped(*capture.fallback);
  return result;
}

json part_json(const Part& part) {
  json result = {{"name", escaped(part.name)}};
  if (part.file.empty()) {
    result["value"] = source_of(part.value);
  } else {
    result["file"] = escaped(part.file.string());
  }
  if (!part.filename.empty()) result["filename"] = escaped(part.filename);
  if (!part.type.empty()) result["type"] = escaped(part.type);
  return result;
}

json request_json(const Step& step) {
  json request = {{"method", step.method}, {"url", source_of(step.url)}};
  for (const auto& [name, value] : step.headers) request["headers"][name] = source_of(value);
  if (!step.body.empty()) request["body"] = source_of(step.body);
  // A list, because a map would lose the order.
  for (const FormField& field : step.form) {
    request["form"].push_back({{"name", escaped(field.name)}, {"value", source_of(field.value)}});
  }
  for (const Part& part : step.multipart) request["multipart"].push_back(part_json(part));
  return request;
}

json step_json(const Step& step) {
  json result = {{"name", escaped(step.name)}};
  if (step.grpc) {
    result["grpc"] = grpc_json(*step.grpc);
  } else if (step.store) {
    result.update(store_call_json(step));
  } else {
    result["request"] = request_json(step);
  }
  if (step.http_version != HttpVersion::automatic) result["http"] = http_version_text(step.http_version);
  if (step.redirects) result["redirects"] = *step.redirects;
  if (!step.before.empty()) result["before"] = step.before;
  if (!step.after.empty()) result["after"] = step.after;
  if (step.think.kind != ThinkTime::Kind::none) result["think"] = think_json(step.think);
  for (const Check& check : step.checks) add_check(check, result["check"]);
  for (const Capture& capture : step.captures) result["capture"][capture.variable] = capture_json(capture);
  return result;
}

json block_json(const Block& block, json steps) {
  json result = {{"steps", std::move(steps)}};
  if (!block.group.empty()) result["group"] = escaped(block.group);
  if (block.condition) result["if"] = source_of(*block.condition);
  if (block.loop) {
    result["while"] = source_of(*block.loop);
    result["at_most"] = block.repeat;
  } else if (block.repeat != 1) {
    result["repeat"] = block.repeat;
  }
  return result;
}

// Steps [first, end) with the blocks from `block` on that stand inside; `block` is then the next one after them.
json steps_json(const Flow& flow, std::uint32_t first, std::uint32_t end, std::size_t& block) {
  json result = json::array();
  while (first < end) {
    if (block < flow.blocks.size() && flow.blocks[block].first == first && flow.blocks[block].end <= end) {
      const Block& inner = flow.blocks[block++];
      result.push_back(block_json(inner, steps_json(flow, inner.first, inner.end, block)));
      first = inner.end;
    } else {
      result.push_back(step_json(flow.steps[first++]));
    }
  }
  return result;
}

json steps_json(const Flow& flow) {
  std::size_t block = 0;
  return steps_json(flow, 0, static_cast<std::uint32_t>(flow.steps.size()), block);
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

json feeder_json(const Feeder& feeder) {
  const auto order = static_cast<std::size_t>(feeder.order);
  return {{"file", escaped(feeder.file.string())},
          {"order", feeder_orders()[order]},
          {"on_end", feeder.on_end == Feeder::OnEnd::stop ? "stop" : "repeat"}};
}

json threshold_json(const Threshold& threshold) {
  const std::string expression = escaped(threshold.expression);
  if (!threshold.abort) return expression;
  return {{"expect", expression}, {"abort", true}, {"for", threshold.for_intervals}};
}

// A password that a parameter brought into a store's target is not written down by way of the parameter.
json parameters_json(const Scenario& scenario) {
  json result = scenario.parameters;
  for_each_password(scenario, [&](const std::string& password) {
    for (const auto& [name, value] : scenario.parameters) {
      const bool inside = password.size() >= kShortestHidden && value.find(password) != std::string::npos;
      if (inside || value == password) result[name] = "***";
    }
  });
  return result;
}

}  // namespace

json think_json(const ThinkTime& think) {
  const std::string low = format_duration(think.low);
  switch (think.kind) {
    case ThinkTime::Kind::none:
    case ThinkTime::Kind::constant:
      return low;
    case ThinkTime::Kind::uniform:
      return {{"uniform", {low, format_duration(think.high)}}};
    case ThinkTime::Kind::exponential:
      return {{"exponential", low}};
    case ThinkTime::Kind::normal:
      return {{"normal", {low, format_duration(think.high)}}};
    case ThinkTime::Kind::lognormal:
      break;
  }
  return {{"lognormal", {{"median", low}, {"sigma", think.sigma}}}};
}

json to_json(const Scenario& scenario) {
  json result = {{"name", escaped(scenario.name)},
                 {"timeout", format_duration(scenario.timeout)},
                 {"cookies", scenario.cookies},
                 {"redirects", scenario.redirects},
                 {"compression", scenario.compression}};
  if (scenario.further_loads.empty()) result["load"] = load_json(scenario.load);
  for (const Load* load : scenario.loads()) {
    if (!scenario.further_loads.empty()) result["loads"].push_back(load_json(*load));
  }
  if (scenario.http_version != HttpVersion::automatic) result["http"] = http_version_text(scenario.http_version);
  if (scenario.streams != Scenario{}.streams) result["http2"] = {{"streams", scenario.streams}};
  if (const json tls = tls_json(scenario.tls); !tls.empty()) result["tls"] = tls;
  if (!scenario.target.empty()) result["target"] = escaped(scenario.target);
  if (!scenario.parameters.empty()) result["parameters"] = parameters_json(scenario);
  for (const Variable& variable : scenario.variables) result["variables"][variable.name] = variable_json(variable);
  for (const Feeder& feeder : scenario.feeders) result["feeders"][feeder.name] = feeder_json(feeder);
  if (scenario.lua.given()) {
    result["lua"] = scenario.lua.file.empty() ? scenario.lua.source : scenario.lua.file.string();
  }
  if (!scenario.setup.steps.empty()) result["setup"] = steps_json(scenario.setup);
  if (!scenario.teardown.steps.empty()) result["teardown"] = steps_json(scenario.teardown);
  for (const Flow& flow : scenario.flows) {
    result["flows"].push_back({{"name", flow.name}, {"weight", flow.weight}, {"steps", steps_json(flow)}});
  }
  for (const Threshold& threshold : scenario.thresholds) result["thresholds"].push_back(threshold_json(threshold));
  return result;
}

}  // namespace tidemark::schedule
