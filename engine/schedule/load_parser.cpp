#include <fmt/format.h>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;

Nanos read_length(ValueReader& reader, const Fields& fields) {
  const YamlNode* node = fields.require("duration");
  if (node == nullptr) return Nanos{};
  return reader.duration(*node, fields.path("duration"), milliseconds(1), kLongestDuration).value_or(Nanos{});
}

std::optional<Rate> read_rate(ValueReader& reader, const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key);
  if (node == nullptr) return std::nullopt;
  return Rate::per_second(reader.number(*node, fields.path(key), 0, kHighestRate).value_or(0));
}

Stage read_stage(ValueReader& reader, const YamlNode& node, const std::string& path) {
  Stage stage;
  if (!reader.is_map(node, path)) return stage;
  const Fields fields(reader, node, path, {"rate", "from", "to", "duration"});
  stage.duration = read_length(reader, fields);
  const auto rate = read_rate(reader, fields, "rate");
  const auto from = read_rate(reader, fields, "from");
  const auto to = read_rate(reader, fields, "to");
  if (rate ? (from || to) : !(from && to)) {
    reader.problem(node.line, path, "needs either 'rate', or 'from' and 'to'");
    return stage;
  }
  stage.from = rate ? *rate : *from;
  stage.to = rate ? *rate : *to;
  return stage;
}

void read_stages(ValueReader& reader, const YamlNode& node, Load& load) {
  if (!reader.is_sequence(node, "load.stages", kMostEntries)) return;
  if (node.items.empty()) reader.problem(node.line, "load.stages", "needs at least one stage");
  double arrivals = 0;
  Nanos length{};
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Stage stage = read_stage(reader, *node.items[i], fmt::format("load.stages[{}]", i));
    arrivals += (stage.from.per_second() + stage.to.per_second()) / 2 * to_seconds(stage.duration);
    length += stage.duration;
    load.stages.push_back(stage);
  }
  if (arrivals > kMostArrivals) {
    reader.problem(node.line, "load.stages",
                   fmt::format("plan {:.3g} arrivals, at most {:.0g} are allowed", arrivals, kMostArrivals));
  }
  if (length > kLongestDuration) reader.problem(node.line, "load.stages", "last longer than 30 days together");
}

// `fields` holds duration and mean or peak: the map under `shape`, or `load` itself when `shape` is only a file name.
Shape read_shape(ValueReader& reader, const YamlNode& file, const Fields& fields, const std::string& field) {
  Shape shape;
  shape.file = reader.file(file, field);
  shape.duration = read_length(reader, fields);
  shape.mean = read_rate(reader, fields, "mean");
  shape.peak = read_rate(reader, fields, "peak");
  if (shape.mean.has_value() == shape.peak.has_value()) {
    reader.problem(fields.line(), fields.path("mean"), "needs exactly one of 'mean' and 'peak'");
  }
  return shape;
}

ReplayLog read_replay(ValueReader& reader, const YamlNode& node) {
  ReplayLog replay;
  if (node.kind != YamlNode::Kind::map) {
    replay.file = reader.file(node, "load.replay");
    return replay;
  }
  const Fields fields(reader, node, "load.replay", {"file", "speed"});
  if (const YamlNode* file = fields.require("file")) {
    replay.file = reader.file(*file, "load.replay.file");
  }
  if (const YamlNode* speed = fields.find("speed")) {
    replay.speed = reader.number(*speed, "load.replay.speed", 1e-6, 1e6).value_or(1);
  }
  return replay;
}

void read_open(ValueReader& reader, const Fields& fields, Load& load) {
  if (const YamlNode* node = fields.find("arrivals")) {
    static const std::vector<std::string> words = {"poisson", "even"};
    load.arrivals =
        reader.word(*node, "load.arrivals", words).value_or(0) == 1 ? Load::Arrivals::even : Load::Arrivals::poisson;
  }
  const YamlNode* stages = fields.find("stages");
  const YamlNode* rate = fields.find("rate");
  const YamlNode* shape = fields.find("shape");
  const YamlNode* replay = fields.find("replay");
  const int given = (stages != nullptr) + (rate != nullptr) + (shape != nullptr) + (replay != nullptr);
  if (given != 1) {
    reader.problem(fields.line(), "load", "an open load needs exactly one of 'rate', 'stages', 'shape', 'replay'");
    return;
  }
  if (stages != nullptr) read_stages(reader, *stages, load);
  if (rate != nullptr) {
    const Rate constant = read_rate(reader, fields, "rate").value_or(Rate{});
    load.stages.push_back({constant, constant, read_length(reader, fields)});
  }
  if (shape != nullptr && shape->kind == YamlNode::Kind::map) {
    const Fields inner(reader, *shape, "load.shape", {"file", "duration", "mean", "peak"});
    if (const YamlNode* file = inner.require("file")) load.shape = read_shape(reader, *file, inner, "load.shape.file");
  } else if (shape != nullptr) {
    load.shape = read_shape(reader, *shape, fields, "load.shape");
  }
  if (replay != nullptr) load.replay = read_replay(reader, *replay);
  const bool flat_shape = shape != nullptr && shape->kind != YamlNode::Kind::map;
  for (const std::string_view key : {"duration", "mean", "peak"}) {
    const bool used = flat_shape || (key == "duration" && rate != nullptr);
    if (const YamlNode* node = fields.find(key); node != nullptr && !used) {
      reader.problem(node->line, fields.path(key), "belongs to each stage, to 'shape', or to a closed load");
    }
  }
}

void read_closed(ValueReader& reader, const Fields& fields, Load& load) {
  load.duration = read_length(reader, fields);
  if (load.connections == 0) reader.problem(fields.line(), "load.connections", "a closed load needs at least 1");
  for (const std::string_view key : {"arrivals", "rate", "stages", "shape", "replay", "mean", "peak"}) {
    if (const YamlNode* node = fields.find(key)) {
      reader.problem(node->line, fields.path(key),
                     "belongs to an open load; a closed one sends as fast as it is answered");
    }
  }
}

}  // namespace

Load read_load(ValueReader& reader, const YamlNode& node) {
  Load load;
  if (!reader.is_map(node, "load")) return load;
  const Fields fields(
      reader, node, "load",
      {"model", "arrivals", "rate", "stages", "shape", "replay", "connections", "duration", "mean", "peak"});
  if (const YamlNode* model = fields.find("model")) {
    static const std::vector<std::string> words = {"open", "closed"};
    load.model = reader.word(*model, "load.model", words).value_or(0) == 1 ? Load::Model::closed : Load::Model::open;
  }
  if (const YamlNode* connections = fields.find("connections")) {
    load.connections =
        static_cast<std::uint32_t>(reader.integer(*connections, "load.connections", 1, 1'000'000).value_or(1));
  }
  if (load.model == Load::Model::open) {
    read_open(reader, fields, load);
  } else {
    read_closed(reader, fields, load);
  }
  return load;
}

}  // namespace tidemark::schedule
