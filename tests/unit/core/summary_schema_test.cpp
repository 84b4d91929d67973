// The published schema and the code that writes summary.json say the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/core/summary.h"
#include "tests/unit/core/sample_values.h"

namespace tidemark {
namespace {

using nlohmann::json;

// The part of JSON Schema 2020-12 that the published schema uses; any other keyword is a failure, so that none is
// ignored.
class Schema {
 public:
  explicit Schema(json root) : root_(std::move(root)) {}
  std::vector<std::string> problems(const json& value) const {
    std::vector<std::string> found;
    check(root_, value, "", found);
    return found;
  }

 private:
  static bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == "null" && value.is_null();
  }

  static bool has_any_type(const json& value, const json& types) {
    if (types.is_string()) return has_type(value, types);
    for (const json& type : types) {
      if (has_type(value, type)) return true;
    }
    return false;
  }

  void check(const json& schema, const json& value, const std::string& at, std::vector<std::string>& found) const {
    for (const auto& [keyword, rule] : schema.items()) {
      if (keyword == "$ref") {
        check(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value, at, found);
      } else if (keyword == "type") {
        if (!has_any_type(value, rule)) found.push_back(at + ": type");
      } else if (keyword == "const") {
        if (value != rule) found.push_back(at + ": const");
      } else if (keyword == "enum") {
        if (std::find(rule.begin(), rule.end(), value) == rule.end()) found.push_back(at + ": enum");
      } else if (keyword == "minimum") {
        if (value.is_number() && value < rule) found.push_back(at + ": minimum");
      } else if (keyword == "required") {
        for (const json& name : rule) {
          if (!value.contains(name.get<std::string>())) found.push_back(at + ": lacks " + name.get<std::string>());
        }
      } else if (keyword == "items") {
        for (std::size_t i = 0; i < value.size(); ++i) check(rule, value[i], at + "/" + std::to_string(i), found);
      } else if (keyword == "properties" || keyword == "additionalProperties") {
        if (keyword == "properties" || !schema.contains("properties")) check_members(schema, value, at, found);
      } else if (!kAnnotations.contains(keyword)) {
        found.push_back(at + ": keyword " + keyword + " is not checked");
      }
    }
  }

  void check_members(const json& schema, const json& value, const std::string& at,
                     std::vector<std::string>& found) const {
    if (!value.is_object()) return;
    const json properties = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        check(properties[name], member, at + "/" + name, found);
      } else if (schema.at("additionalProperties") == json(false)) {
        found.push_back(at + ": does not know " + name);
      } else {
        check(schema.at("additionalProperties"), member, at + "/" + name, found);
      }
    }
  }

  inline static const std::set<std::string> kAnnotations = {"$schema", "$id", "$defs", "title", "description"};
  json root_;
};

Schema published_schema() {
  std::ifstream file(std::string(TIDEMARK_SOURCE_DIR) + "/scenarios/schema/summary.schema.json");
  return Schema(json::parse(file));
}

using Problems = std::vector<std::string>;

TEST(SummarySchema, AcceptsWhatTheCodeWrites) {
  const Schema schema = published_schema();
  EXPECT_EQ(schema.problems(json(sample_summary())), Problems{});
  EXPECT_EQ(schema.problems(json(Summary{})), Problems{});
  Summary unmeasured = sample_summary();
  unmeasured.thresholds[0].value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(schema.problems(json::parse(json(unmeasured).dump())), Problems{});
}

TEST(SummarySchema, RequiresEveryField) {
  const Schema schema = published_schema();
  const json whole = sample_summary();
  for (const auto& [name, value] : whole.items()) {
    json part = whole;
    part.erase(name);
    EXPECT_EQ(schema.problems(part), Problems{": lacks " + name});
    part[name] = json::array({json::array()});
    EXPECT_FALSE(schema.problems(part).empty()) << name;
  }
}

TEST(SummarySchema, KnowsNoOtherFields) {
  json more = sample_summary();
  more["nodes"]["product-1"]["extra"] = 1;
  more["more"] = 1;
  EXPECT_EQ(published_schema().problems(more),
            (Problems{": does not know more", "/nodes/product-1: does not know extra"}));
}

}  // namespace
}  // namespace tidemark
