#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

Feeder read_feeder(ValueReader& reader, const std::string& name, const YamlNode& node) {
  Feeder feeder;
  feeder.name = name;
  const std::string path = "feeders." + name;
  if (!reader.is_map(node, path)) return feeder;
  const Fields fields(reader, node, path, {"file", "order", "on_end"});
  if (const YamlNode* file = fields.require("file")) feeder.file = reader.file(*file, path + ".file");
  if (const YamlNode* order = fields.find("order")) {
    feeder.order = static_cast<Feeder::Order>(reader.word(*order, path + ".order", feeder_orders()).value_or(0));
  }
  if (feeder.order == Feeder::Order::unique) feeder.on_end = Feeder::OnEnd::stop;
  const YamlNode* on_end = fields.find("on_end");
  if (on_end == nullptr) return feeder;
  static const std::vector<std::string> words = {"stop", "repeat"};
  const auto rule = reader.word(*on_end, path + ".on_end", words);
  if (!rule) return feeder;
  feeder.on_end = *rule == 0 ? Feeder::OnEnd::stop : Feeder::OnEnd::repeat;
  if (feeder.order == Feeder::Order::unique && feeder.on_end == Feeder::OnEnd::repeat) {
    reader.problem(on_end->line, path + ".on_end", "a row of order 'unique' is never given twice: it cannot repeat");
  }
  if (feeder.order == Feeder::Order::random && feeder.on_end == Feeder::OnEnd::stop) {
    reader.problem(on_end->line, path + ".on_end", "order 'random' has no end to stop at");
  }
  return feeder;
}

}  // namespace

std::span<const std::string> feeder_orders() {
  static const std::array<std::string, 4> names = {"sequential", "random", "shuffled", "unique"};
  return names;
}

std::vector<Feeder> read_feeders(ValueReader& reader, const YamlNode& node) {
  std::vector<Feeder> feeders;
  if (!reader.is_map(node, "feeders")) return feeders;
  if (node.pairs.size() > kMostFeeders) {
    reader.problem(node.line, "feeders", fmt::format("more than {} entries", kMostFeeders));
    return feeders;
  }
  for (const auto& [key, value] : node.pairs) {
    if (!is_name(key->text) || key->text == "env" || key->text == "lua") {
      reader.problem(key->line, "feeders." + key->text,
                     "a name is letters, digits and _, begins with no digit, and is not 'env' or 'lua'");
    }
    feeders.push_back(read_feeder(reader, key->text, *value));
  }
  return feeders;
}

}  // namespace tidemark::schedule
