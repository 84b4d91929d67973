// Which model, which flows, how many users; the open model's curves are in load_shapes.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/step_parts.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMostUsers = 10'000'000;

std::optional<std::uint32_t> read_count(ValueReader& reader, const Fields& fields, std::string_view key,
                                        std::int64_t low, std::int64_t high) {
  const YamlNode* node = fields.find(key);
  if (node == nullptr) return std::nullopt;
  return static_cast<std::uint32_t>(reader.integer(*node, fields.path(key), low, high).value_or(low));
}

UserStage read_user_stage(ValueReader& reader, const YamlNode& node, const std::string& path) {
  UserStage stage;
  if (!reader.is_map(node, path)) return stage;
  const Fields fields(reader, node, path, {"users", "from", "to", "duration"});
  stage.duration = read_length(reader, fields);
  const auto users = read_count(reader, fields, "users", 0, kMostUsers);
  const auto from = read_count(reader, fields, "from", 0, kMostUsers);
  const auto to = read_count(reader, fields, "to", 0, kMostUsers);
  if (users ? (from || to) : !(from && to)) {
    reader.problem(node.line, path, "needs either 'users', or 'from' and 'to'");
    return stage;
  }
  stage.from = users ? *users : *from;
  stage.to = users ? *users : *to;
  return stage;
}

void read_user_stages(ValueReader& reader, const YamlNode& node, const std::string& path, Load& load) {
  if (!reader.is_sequence(node, path, kMostEntries)) return;
  if (node.items.empty()) reader.problem(node.line, path, "needs at least one stage");
  Nanos length{};
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    load.users.push_back(read_user_stage(reader, *node.items[i], fmt::format("{}[{}]", path, i)));
    length += load.users.back().duration;
  }
  if (length > kLongestDuration) reader.problem(node.line, path, "last longer than 30 days together");
}

void read_closed(ValueReader& reader, const Fields& fields, Load& load) {
  const YamlNode* stages = fields.find("stages");
  const auto users = read_count(reader, fields, "users", 1, kMostUsers);
  if (stages != nullptr) {
    if (users) reader.problem(fields.line(), fields.path("users"), "stands in each of the stages");
    if (const YamlNode* node = fields.find("duration"))
      reader.problem(node->line, fields.path("duration"), "belongs to each stage");
    read_user_stages(reader, *stages, fields.path("stages"), load);
  } else if (users) {
    load.users = {{*users, *users, read_length(reader, fields)}};
  } else {
    load.duration = read_length(reader, fields);
    if (load.connections == 0) {
      reader.problem(fields.line(), fields.path("connections"),
                     "a closed load needs at least 1, or 'users', or 'stages' of users");
    }
  }
  if (const YamlNode* node = fields.find("think")) load.think = read_think(reader, *node, fields.path("think"));
  if (const YamlNode* node = fields.find("pacing"))
    load.pacing = reader.duration(*node, fields.path("pacing"), Nanos{}, kLongestDuration).value_or(Nanos{});
  for (const std::string_view key :
       {"arrivals", "rate", "steps", "spike", "sine", "bursts", "shape", "replay", "offsets", "mean", "peak"}) {
    if (const YamlNode* node = fields.find(key)) {
      reader.problem(node->line, fields.path(key),
                     "belongs to an open load; a closed one sends as fast as it is answered");
    }
  }
}

void read_open(ValueReader& reader, const Fields& fields, Load& load) {
  for (const std::string_view key : {"users", "think", "pacing"}) {
    if (const YamlNode* node = fields.find(key))
      reader.problem(node->line, fields.path(key), "belongs to a closed load: 'model: closed'");
  }
  read_open_shape(reader, fields, load);
}

void read_flow_names(ValueReader& reader, const YamlNode& node, const std::string& path, Load& load) {
  if (!reader.is_sequence(node, path, kMostFlows)) return;
  if (node.items.empty()) reader.problem(node.line, path, "needs at least one flow; without the key it is all of them");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (auto name = reader.text(*node.items[i], fmt::format("{}[{}]", path, i))) load.flows.push_back(std::move(*name));
  }
}

}  // namespace

Load read_load(ValueReader& reader, const YamlNode& node, const std::string& path) {
  Load load;
  if (!reader.is_map(node, path)) return load;
  const Fields fields(reader, node, path, {"model",  "arrivals", "rate",   "stages",  "steps",       "spike",    "sine",
                                           "bursts", "shape",    "replay", "offsets", "connections", "duration", "mean",
                                           "peak",   "users",    "think",  "pacing",  "grace",       "flows"});
  if (const YamlNode* model = fields.find("model")) {
    static const std::vector<std::string> words = {"open", "closed"};
    load.model =
        reader.word(*model, fields.path("model"), words).value_or(0) == 1 ? Load::Model::closed : Load::Model::open;
  }
  load.connections = read_count(reader, fields, "connections", 1, 1'000'000).value_or(0);
  if (const YamlNode* grace = fields.find("grace")) {
    load.grace = reader.duration(*grace, fields.path("grace"), Nanos{}, std::chrono::hours(1));
  }
  if (const YamlNode* flows = fields.find("flows")) read_flow_names(reader, *flows, fields.path("flows"), load);
  if (load.model == Load::Model::open) {
    read_open(reader, fields, load);
  } else {
    read_closed(reader, fields, load);
  }
  return load;
}

bool Load::starts(const Flow& flow) const {
  return flows.empty() || std::ranges::find(flows, flow.name) != flows.end();
}

Nanos Load::length() const {
  Nanos sum{};
  if (model == Model::closed) {
    for (const UserStage& stage : user_stages()) sum += stage.duration;
    return sum;
  }
  if (shape) return shape->duration;
  if (bursts) return bursts->duration;
  if (sine) return sine->duration;
  for (const Stage& stage : stages) sum += stage.duration;
  return sum;
}

std::vector<UserStage> Load::user_stages() const {
  if (!users.empty()) return users;
  return {{connections, connections, duration}};
}

}  // namespace tidemark::schedule
