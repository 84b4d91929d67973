// The curves of an open load: a rate, stages, steps, a spike, a sine, bursts, a CSV, a log, recorded offsets. Steps and
// spikes are other ways to write stages, and are stages from here on.
#include <fmt/format.h>

#include <cmath>

#include "engine/schedule/scenario_parts.h"

// The schedule is a function of the load and the seed: no operation may be fused at the compiler's whim.
#pragma clang fp contract(off)

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;

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

void read_stages(ValueReader& reader, const YamlNode& node, const std::string& path, Load& load) {
  if (!reader.is_sequence(node, path, kMostEntries)) return;
  if (node.items.empty()) reader.problem(node.line, path, "needs at least one stage");
  for (std::size_t i = 0; i < node.items.size(); ++i)
    load.stages.push_back(read_stage(reader, *node.items[i], fmt::format("{}[{}]", path, i)));
}

// {from: 100, to: 500, by: 100, every: 10s}: 100, 200, ... 500, each for 10 s; downwards where `to` is lower.
void read_steps(ValueReader& reader, const YamlNode& node, const std::string& path, Load& load) {
  if (!reader.is_map(node, path)) return;
  const Fields fields(reader, node, path, {"from", "to", "by", "every"});
  fields.require("from");
  fields.require("to");
  const double from = read_rate(reader, fields, "from").value_or(Rate{}).per_second();
  const double to = read_rate(reader, fields, "to").value_or(Rate{}).per_second();
  const YamlNode* by = fields.require("by");
  const double step = by == nullptr ? 0 : reader.number(*by, fields.path("by"), 1e-6, kHighestRate).value_or(0);
  const Nanos every = read_length(reader, fields, "every");
  if (step <= 0) return;
  const double wanted = std::abs(to - from) / step;
  const auto steps = static_cast<std::uint64_t>(wanted + 1e-9);  // 0.3 / 0.1 is three steps
  if (steps >= kMostEntries) {
    reader.problem(node.line, path, fmt::format("are {:.0f} steps, at most {} are allowed", wanted, kMostEntries));
    return;
  }
  for (std::uint64_t i = 0; i <= steps; ++i) {
    const Rate rate = Rate::per_second(from + (to < from ? -step : step) * static_cast<double>(i));
    load.stages.push_back({rate, rate, every});
  }
}

// {base: 100, factor: 5, before: 10s, rise: 2s, hold: 5s, fall: 2s, after: 10s}
void read_spike(ValueReader& reader, const YamlNode& node, const std::string& path, Load& load) {
  if (!reader.is_map(node, path)) return;
  const Fields fields(reader, node, path, {"base", "factor", "before", "rise", "hold", "fall", "after"});
  const auto base = read_rate(reader, fields, "base");
  if (!base) fields.require("base");
  const YamlNode* factor = fields.require("factor");
  const double times = factor == nullptr ? 1 : reader.number(*factor, fields.path("factor"), 0, 1e6).value_or(1);
  const Rate low = base.value_or(Rate{});
  const Rate high = Rate::per_second(low.per_second() * times);
  if (high.per_second() > kHighestRate) {
    reader.problem(node.line, fields.path("factor"),
                   fmt::format("makes a peak of {:g}, at most {:.0f} is allowed", high.per_second(), kHighestRate));
  }
  const auto part = [&](std::string_view key, Rate from, Rate to) {
    const YamlNode* length = fields.find(key);
    if (length == nullptr) return;
    const Nanos duration = reader.duration(*length, fields.path(key), Nanos{}, kLongestDuration).value_or(Nanos{});
    if (duration > Nanos{}) load.stages.push_back({from, to, duration});
  };
  part("before", low, low);
  part("rise", low, high);
  part("hold", high, high);
  part("fall", high, low);
  part("after", low, low);
  if (load.stages.empty()) reader.problem(node.line, path, "lasts no time: give 'rise', 'hold' or 'fall'");
}

Sine read_sine(ValueReader& reader, const YamlNode& node, const std::string& path) {
  Sine sine;
  if (!reader.is_map(node, path)) return sine;
  const Fields fields(reader, node, path, {"mean", "amplitude", "period", "phase", "duration"});
  if (fields.require("mean") != nullptr) sine.mean = read_rate(reader, fields, "mean").value_or(Rate{});
  if (fields.require("amplitude") != nullptr) sine.amplitude = read_rate(reader, fields, "amplitude").value_or(Rate{});
  sine.period = read_length(reader, fields, "period");
  sine.duration = read_length(reader, fields);
  if (const YamlNode* phase = fields.find("phase"))
    sine.phase = reader.duration(*phase, fields.path("phase"), Nanos{}, kLongestDuration).value_or(Nanos{});
  if (sine.amplitude > sine.mean) {
    reader.problem(node.line, fields.path("amplitude"), "must not be above 'mean': a rate is never negative");
  }
  if (sine.phase > Nanos{} && sine.phase >= sine.period)
    reader.problem(node.line, fields.path("phase"), "must be shorter than 'period'");
  const double most = (sine.mean.per_second() + sine.amplitude.per_second()) * to_seconds(sine.duration);
  if (most > kMostArrivals) reader.problem(node.line, path, "plans too many arrivals");
  return sine;
}

Bursts read_bursts(ValueReader& reader, const YamlNode& node, const std::string& path) {
  Bursts bursts;
  if (!reader.is_map(node, path)) return bursts;
  const Fields fields(reader, node, path, {"size", "every", "duration"});
  if (const YamlNode* size = fields.require("size"))
    bursts.size = static_cast<std::uint64_t>(reader.integer(*size, fields.path("size"), 1, 10'000'000).value_or(1));
  bursts.every = read_length(reader, fields, "every");
  bursts.duration = read_length(reader, fields);
  if (bursts.every > Nanos{} &&
      static_cast<double>(bursts.size) * (to_seconds(bursts.duration) / to_seconds(bursts.every)) > kMostArrivals) {
    reader.problem(node.line, path, "plan too many arrivals");
  }
  return bursts;
}

// `fields` holds duration and mean or peak: the map under `shape`, or the load itself when `shape` is only a file name.
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

// A file name, or {file, speed}: ReplayLog or RecordedOffsets.
template <class Recorded>
Recorded read_recorded(ValueReader& reader, const YamlNode& node, const std::string& path) {
  Recorded recorded;
  if (node.kind != YamlNode::Kind::map) {
    recorded.file = reader.file(node, path);
    return recorded;
  }
  const Fields fields(reader, node, path, {"file", "speed"});
  if (const YamlNode* file = fields.require("file")) recorded.file = reader.file(*file, fields.path("file"));
  if (const YamlNode* speed = fields.find("speed"))
    recorded.speed = reader.number(*speed, fields.path("speed"), 1e-6, 1e6).value_or(1);
  return recorded;
}

void check_stages(ValueReader& reader, Line line, const std::string& path, const Load& load) {
  double arrivals = 0;
  Nanos length{};
  for (const Stage& stage : load.stages) {
    arrivals += (stage.from.per_second() + stage.to.per_second()) / 2 * to_seconds(stage.duration);
    length += stage.duration;
  }
  if (arrivals > kMostArrivals) {
    reader.problem(line, path,
                   fmt::format("plan {:.3g} arrivals, at most {:.0g} are allowed", arrivals, kMostArrivals));
  }
  if (length > kLongestDuration) reader.problem(line, path, "last longer than 30 days together");
}

// Keys that say nothing beside the curve that was chosen.
void check_stray(ValueReader& reader, const Fields& fields, std::string_view kind, bool flat_shape) {
  for (const std::string_view key : {"duration", "mean", "peak"}) {
    const bool used = flat_shape || (key == "duration" && kind == "rate");
    if (const YamlNode* node = fields.find(key); node != nullptr && !used) {
      reader.problem(node->line, fields.path(key), "belongs to each stage, to 'shape', or to a closed load");
    }
  }
  if (const YamlNode* node = fields.find("arrivals");
      node != nullptr && (kind == "bursts" || kind == "offsets" || kind == "replay")) {
    reader.problem(node->line, fields.path("arrivals"), fmt::format("'{}' say themselves when flows arrive", kind));
  }
}

}  // namespace

Nanos read_length(ValueReader& reader, const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.require(key);
  if (node == nullptr) return Nanos{};
  return reader.duration(*node, fields.path(key), milliseconds(1), kLongestDuration).value_or(Nanos{});
}

std::optional<Rate> read_rate(ValueReader& reader, const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key);
  if (node == nullptr) return std::nullopt;
  return Rate::per_second(reader.number(*node, fields.path(key), 0, kHighestRate).value_or(0));
}

void read_open_shape(ValueReader& reader, const Fields& fields, Load& load) {
  if (const YamlNode* node = fields.find("arrivals")) {
    static const std::vector<std::string> words = {"poisson", "even"};
    load.arrivals = reader.word(*node, fields.path("arrivals"), words).value_or(0) == 1 ? Load::Arrivals::even
                                                                                        : Load::Arrivals::poisson;
  }
  std::string_view kind;
  const YamlNode* node = nullptr;
  int given = 0;
  for (const std::string_view key :
       {"rate", "stages", "steps", "spike", "sine", "bursts", "shape", "replay", "offsets"}) {
    if (const YamlNode* found = fields.find(key)) {
      kind = key;
      node = found;
      ++given;
    }
  }
  if (given != 1) {
    const std::string whole = fields.path("");  // "load."
    reader.problem(fields.line(), whole.substr(0, whole.size() - 1),
                   "an open load needs exactly one of 'rate', 'stages', 'steps', 'spike', 'sine', 'bursts', 'shape', "
                   "'replay', 'offsets'");
    return;
  }
  const std::string path = fields.path(kind);
  const bool flat_shape = kind == "shape" && node->kind != YamlNode::Kind::map;
  if (kind == "rate") {
    const Rate constant = read_rate(reader, fields, "rate").value_or(Rate{});
    load.stages.push_back({constant, constant, read_length(reader, fields)});
  }
  if (kind == "stages") read_stages(reader, *node, path, load);
  if (kind == "steps") read_steps(reader, *node, path, load);
  if (kind == "spike") read_spike(reader, *node, path, load);
  if (kind == "sine") load.sine = read_sine(reader, *node, path);
  if (kind == "bursts") load.bursts = read_bursts(reader, *node, path);
  if (kind == "replay") load.replay = read_recorded<ReplayLog>(reader, *node, path);
  if (kind == "offsets") load.offsets = read_recorded<RecordedOffsets>(reader, *node, path);
  if (flat_shape) load.shape = read_shape(reader, *node, fields, path);
  if (kind == "shape" && !flat_shape) {
    const Fields inner(reader, *node, path, {"file", "duration", "mean", "peak"});
    if (const YamlNode* file = inner.require("file")) load.shape = read_shape(reader, *file, inner, inner.path("file"));
  }
  check_stages(reader, node->line, path, load);
  check_stray(reader, fields, kind, flat_shape);
}

}  // namespace tidemark::schedule
