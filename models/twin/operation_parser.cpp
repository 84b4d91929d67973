#include "models/twin/operation_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tidemark::twin {
namespace {

using schedule::Fields;
using schedule::ValueReader;
using schedule::YamlNode;

constexpr Nanos kLongestTime = std::chrono::hours(24);
constexpr std::size_t kMostItems = 1000;

void seconds(ValueReader& in, const Fields& fields, std::string_view key, double& out) {
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  if (const auto value = in.duration(*node, fields.path(key), Nanos{}, kLongestTime)) out = to_seconds(*value);
}

TimePart part_of(ValueReader& in, const YamlNode& node, const std::string& path) {
  TimePart part;
  if (!in.is_map(node, path)) return part;
  const Fields fields(in, node, path, {"weight", "mean", "cv"});
  number(in, fields, "weight", part.weight, 0, 1e9);
  fields.require("mean");
  seconds(in, fields, "mean", part.mean_s);
  number(in, fields, "cv", part.cv, 0, 100);
  return part;
}

// {mean, cv} | {constant} | {exponential} | {mixture: [...]} | {histogram: BASE64}, or a bare duration: constant.
ServiceTime time_of(ValueReader& in, const YamlNode& node, const std::string& path) {
  ServiceTime time;
  if (node.kind == YamlNode::Kind::scalar) {
    if (const auto value = in.duration(node, path, Nanos{}, kLongestTime)) time.mean_s = to_seconds(*value);
    return time;
  }
  if (!in.is_map(node, path)) return time;
  const Fields fields(in, node, path, {"mean", "cv", "constant", "exponential", "mixture", "histogram"});
  const bool lognormal = fields.find("mean") != nullptr;
  const int kinds = lognormal + (fields.find("constant") != nullptr) + (fields.find("exponential") != nullptr) +
                    (fields.find("mixture") != nullptr) + (fields.find("histogram") != nullptr);
  if (kinds != 1) in.problem(node.line, path, "must have one of mean, constant, exponential, mixture and histogram");
  if (fields.find("cv") != nullptr && !lognormal) in.problem(node.line, path + ".cv", "goes with mean alone");
  if (lognormal) {
    time.kind = ServiceTime::Kind::lognormal;
    seconds(in, fields, "mean", time.mean_s);
    number(in, fields, "cv", time.cv, 0, 100);
  }
  seconds(in, fields, "constant", time.mean_s);
  if (fields.find("exponential") != nullptr) {
    time.kind = ServiceTime::Kind::exponential;
    seconds(in, fields, "exponential", time.mean_s);
  }
  if (const auto* parts = fields.find("mixture"); parts && in.is_sequence(*parts, path + ".mixture", kMostItems)) {
    time.kind = ServiceTime::Kind::mixture;
    for (std::size_t i = 0; i < parts->items.size(); ++i) {
      time.parts.push_back(part_of(in, *parts->items[i], fmt::format("{}.mixture[{}]", path, i)));
    }
  }
  if (const auto* histogram = fields.find("histogram")) {
    const auto text = in.text(*histogram, path + ".histogram");
    auto decoded = Histogram::decode(text.value_or(""), "histogram");
    if (decoded) {
      time.kind = ServiceTime::Kind::empirical;
      time.histogram = std::move(*decoded);
    } else if (text) {
      in.problem(histogram->line, path + ".histogram", decoded.error().what);
    }
  }
  return time;
}

Call call_of(ValueReader& in, const YamlNode& node, const std::string& path) {
  Call call;
  if (node.kind == YamlNode::Kind::scalar) {
    target(in, node, path, call.service, call.operation);
    return call;
  }
  if (!in.is_map(node, path)) return call;
  const Fields fields(in, node, path, {"to", "times", "on_miss", "optional"});
  if (const auto* to = fields.require("to")) target(in, *to, path + ".to", call.service, call.operation);
  number(in, fields, "times", call.times, 0, 1000);
  flag(in, fields, "on_miss", call.on_miss);
  flag(in, fields, "optional", call.optional);
  return call;
}

nlohmann::json json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::scalar:
      return node.text;
    case YamlNode::Kind::sequence: {
      auto list = nlohmann::json::array();
      for (const auto* item : node.items) list.push_back(json_of(*item));
      return list;
    }
    case YamlNode::Kind::map: {
      auto map = nlohmann::json::object();
      for (const auto& [key, value] : node.pairs) map[key->text] = json_of(*value);
      return map;
    }
    case YamlNode::Kind::null:
      break;
  }
  return nullptr;
}

}  // namespace

void number(ValueReader& in, const Fields& fields, std::string_view key, double& out, double low, double high) {
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  if (const auto value = in.number(*node, fields.path(key), low, high)) out = *value;
}

void flag(ValueReader& in, const Fields& fields, std::string_view key, bool& out) {
  static const std::vector<std::string> kWords = {"false", "true"};
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  if (const auto index = in.word(*node, fields.path(key), kWords)) out = *index == 1;
}

void count(ValueReader& in, const Fields& fields, std::string_view key, std::uint32_t& out, std::uint32_t low,
           std::uint32_t high) {
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  if (const auto value = in.integer(*node, fields.path(key), low, high)) out = static_cast<std::uint32_t>(*value);
}

void target(ValueReader& in, const YamlNode& node, const std::string& path, std::string& service,
            std::string& operation) {
  const auto text = in.text(node, path);
  if (!text) return;
  const std::size_t dot = text->find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text->size())
    return in.problem(node.line, path, "must be SERVICE.OPERATION");
  service = text->substr(0, dot);
  operation = text->substr(dot + 1);
}

guard::GuardSettings guard_of(ValueReader& in, const YamlNode& node, const std::string& path) {
  if (node.kind == YamlNode::Kind::null || !in.is_map(node, path)) return {};
  auto settings = guard::parse_guard(json_of(node), path);
  if (settings) return std::move(*settings);
  std::string text = settings.error().message();
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    in.problem(node.line, "", text.substr(at, end - at));
    at = end + 1;
  }
  return {};
}

Operation operation_of(ValueReader& in, const std::string& name, const YamlNode& node, const std::string& path) {
  Operation operation{.name = name};
  const Fields fields(in, node, path,
                      {"time", "cpu_share", "cache", "calls", "hold_worker", "answer_first", "idempotent"});
  if (const auto* time = fields.find("time")) operation.time = time_of(in, *time, path + ".time");
  number(in, fields, "cpu_share", operation.cpu_share, 0, 1);
  if (const auto* cache = fields.find("cache")) operation.cache = in.text(*cache, path + ".cache").value_or("");
  flag(in, fields, "hold_worker", operation.hold_worker);
  flag(in, fields, "answer_first", operation.answer_first);
  flag(in, fields, "idempotent", operation.idempotent);
  const auto* calls = fields.find("calls");
  if (calls == nullptr || !in.is_sequence(*calls, path + ".calls", kMostItems)) return operation;
  for (std::size_t i = 0; i < calls->items.size(); ++i) {
    const YamlNode& item = *calls->items[i];
    const std::string where = fmt::format("{}.calls[{}]", path, i);
    CallGroup group;
    if (item.kind == YamlNode::Kind::sequence) {
      if (!in.is_sequence(item, where, kMostItems)) continue;
      for (std::size_t k = 0; k < item.items.size(); ++k)
        group.calls.push_back(call_of(in, *item.items[k], fmt::format("{}[{}]", where, k)));
    } else {
      group.calls.push_back(call_of(in, item, where));
    }
    operation.then.push_back(std::move(group));
  }
  return operation;
}

}  // namespace tidemark::twin
