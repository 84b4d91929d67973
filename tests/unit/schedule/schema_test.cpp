// The published schema and the parser must know the same keys: an editor that completes from the one must please the
// other.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/schedule/scenario.h"

namespace tidemark::schedule {
namespace {

using nlohmann::json;

// A document in which `KEY` may stand beside the other keys of one map, and where the schema lists that map's keys.
struct Place {
  std::string pointer, document;
};

const std::vector<Place>& places() {
  static const std::vector<Place> all = {
      {"/properties", "KEY: 1"},
      {"/$defs/load/properties", "load: {KEY: 1}"},
      {"/$defs/load/properties", "loads: [{rate: 1, duration: 1s}, {KEY: 1}]"},
      {"/$defs/stage/properties", "load: {stages: [{KEY: 1}]}"},
      {"/$defs/user_stage/properties", "load: {model: closed, stages: [{KEY: 1}]}"},
      {"/$defs/rate_steps/properties", "load: {steps: {KEY: 1}}"},
      {"/$defs/spike/properties", "load: {spike: {KEY: 1}}"},
      {"/$defs/sine/properties", "load: {sine: {KEY: 1}}"},
      {"/$defs/bursts/properties", "load: {bursts: {KEY: 1}}"},
      {"/$defs/offsets/anyOf/1/properties", "load: {offsets: {KEY: 1}}"},
      {"/$defs/shape/properties", "load: {shape: {KEY: 1}}"},
      {"/$defs/replay/anyOf/1/properties", "load: {replay: {KEY: 1}}"},
      {"/$defs/variable/anyOf/1/properties", "variables: {x: {KEY: 1}}"},
      {"/$defs/flow/properties", "load: {rate: 1, duration: 1s}\nflows: [{KEY: 1}]"},
      {"/$defs/step/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{KEY: 1}]}]"},
      {"/$defs/request/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{request: {KEY: 1}}]}]"},
      {"/$defs/feeder/properties", "feeders: {x: {KEY: 1}}"},
      {"/$defs/block/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{steps: [{get: /}], KEY: 1}]}]"},
      {"/$defs/think/anyOf/1/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, think: {KEY: 1}}]}]"},
      {"/$defs/think/anyOf/1/properties/lognormal/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, think: {lognormal: {KEY: 1}}}]}]"},
      {"/$defs/part/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{post: /, multipart: [{KEY: 1}]}]}]"},
      {"/$defs/form_field/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{post: /, form: [{KEY: 1}]}]}]"},
      {"/$defs/header_check/anyOf/1/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, check: {header: {x: {KEY: 1}}}}]}]"},
      {"/$defs/http2/properties", "http2: {KEY: 1}"},
      {"/$defs/tls/properties", "tls: {KEY: 1}"},
      {"/$defs/redis/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{redis: {KEY: 1}}]}]"},
      {"/$defs/mysql/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{mysql: {KEY: 1}}]}]"},
      {"/$defs/kafka/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{kafka: {KEY: 1}}]}]"},
      {"/$defs/grpc/properties", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{grpc: {KEY: 1}}]}]"},
      {"/$defs/capture/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, capture: {x: {KEY: 1}}}]}]"},
      {"/$defs/threshold/anyOf/1/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /}]}]\nthresholds: [{KEY: 1}]"},
      {"/$defs/check/properties",
       "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, check: {KEY: 1}}]}]"},
  };
  return all;
}

bool parser_knows(const std::string& document, const std::string& key) {
  std::string yaml = document;
  // A block's own keys are written twice when the word is one of them: that problem comes first and names no key.
  if (key == "steps" && document.find("steps: [{get: /}], KEY") != std::string::npos) return true;
  yaml.replace(yaml.find("KEY"), 3, key);
  const auto scenario = parse_scenario(yaml, "s", {});
  return scenario || scenario.error().message().find(key + ": unknown key") == std::string::npos;
}

class ScenarioSchema : public testing::Test {
 protected:
  const json schema_ = json::parse(std::ifstream(TIDEMARK_SOURCE_DIR "/scenarios/schema/scenario.schema.json"));
};

TEST_F(ScenarioSchema, ListsOnlyKeysThatTheParserKnows) {
  for (const Place& place : places()) {
    for (const auto& [key, value] : schema_.at(json::json_pointer(place.pointer)).items()) {
      EXPECT_TRUE(parser_knows(place.document, key)) << place.pointer << " " << key;
    }
  }
}

TEST_F(ScenarioSchema, ListsEveryKeyThatTheParserKnows) {
  // The union of all keys anywhere stands in for "every key": a key that one place forgot is known at another, or new
  // here.
  std::vector<std::string> words = {"connections", "speed", "weight", "think", "from",  "to",
                                    "mean",        "peak",  "file",   "url",   "method"};
  for (const Place& place : places()) {
    for (const auto& [key, value] : schema_.at(json::json_pointer(place.pointer)).items()) words.push_back(key);
  }
  for (const Place& place : places()) {
    const json& listed = schema_.at(json::json_pointer(place.pointer));
    for (const std::string& word : words) {
      // These two turn a request into a block, whose keys are listed elsewhere.
      if (place.pointer == "/$defs/step/properties" && (word == "steps" || word == "group")) continue;
      EXPECT_EQ(parser_knows(place.document, word), listed.contains(word)) << place.pointer << " " << word;
    }
  }
}

TEST_F(ScenarioSchema, EveryReferenceLeadsSomewhere) {
  const auto check = [&](const auto& self, const json& node) -> void {
    if (node.is_object() && node.contains("$ref")) {
      EXPECT_TRUE(schema_.contains(json::json_pointer(node["$ref"].get<std::string>().substr(1)))) << node["$ref"];
    }
    if (node.is_structured()) {
      for (const json& child : node) self(self, child);
    }
  };
  check(check, schema_);
}

}  // namespace
}  // namespace tidemark::schedule
