// The scenario: what to send and when, as plain values after parsing. docs/scenario.md is its reference, the JSON
// Schema is scenarios/schema/scenario.schema.json. Thread-safe: constant after parse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::schedule {

// Text with ${name} holes, split once at parse. Holes name scenario variables, captures, or the built-ins
// ${flow_id} (unique number of the flow in the run) and ${run_id}.
struct Template {
  struct Piece {
    std::string literal;
    std::string variable;  // empty: only the literal
  };
  std::vector<Piece> pieces;
  bool constant() const;
  const std::string& text() const;  // only of a constant one
};

struct Capture {
  std::string variable;
  std::string json_pointer;  // RFC 6901 into the response body; or
  std::string header;        // a response header's value
};

struct Check {
  enum class Kind { status, status_range, body_contains, json_equals, response_below } kind = Kind::status_range;
  int low = 200, high = 299;  // status codes
  std::string pointer, text;  // json_equals: pointer and expected JSON text; body_contains: text
  Nanos limit{};              // response_below
};

struct Step {
  std::string name;
  std::string method = "GET";
  Template url;  // absolute, or a path on the scenario's target
  std::vector<std::pair<std::string, Template>> headers;
  Template body;
  std::vector<Capture> captures;
  std::vector<Check> checks;  // empty: status 200..399
  Nanos think{};              // after this step, before the next one's planned start
};

struct Flow {
  std::string name;
  double weight = 1;  // > 0
  std::vector<Step> steps;
};

// A variable drawn once per flow instance.
struct Variable {
  std::string name;
  enum class Kind { constant, random, sequence, choice } kind = Kind::constant;
  std::int64_t low = 0, high = 0;   // random: uniform in [low, high]; sequence: from low upwards
  std::vector<std::string> values;  // constant: one; choice: uniform among them
};

struct Stage {
  Rate from, to;  // equal: constant
  Nanos duration{};
};

struct Shape {  // a two-column CSV of (time, count): docs/scenario.md
  std::filesystem::path file;
  Nanos duration{};                // the file's span is compressed into this
  std::optional<Rate> mean, peak;  // exactly one: the scaled curve's mean, or its highest bin
};

struct ReplayLog {
  std::filesystem::path file;  // combined access log
  double speed = 1;            // recorded gaps are divided by this
};

struct Load {
  enum class Model { open, closed } model = Model::open;
  enum class Arrivals { poisson, even } arrivals = Arrivals::poisson;
  std::vector<Stage> stages;        // open; or
  std::optional<Shape> shape;       // open; or
  std::optional<ReplayLog> replay;  // open
  std::uint32_t connections =
      0;             // closed: virtual users, each sending as soon as it has its answer; open: 0 = computed
  Nanos duration{};  // closed
};

struct Threshold {
  std::string expression;  // as written
  std::string metric;      // "response", "service", "lag", "failed_ratio", "achieved_rate"
  std::string step;        // "" = total; "response{browse}.p99"
  std::string statistic;   // "p50".."p999", "max", "mean"; empty for ratios
  bool below = true;       // "<" or ">"
  double limit = 0;        // microseconds, ratio, or per second
};

struct Scenario {
  std::string name = "scenario";
  std::string target;  // "http://127.0.0.1:8080"; may stay empty until a stack gives it
  Nanos timeout = std::chrono::seconds(30);
  std::map<std::string, std::string> parameters;  // after -e KEY=VALUE
  std::vector<Variable> variables;
  std::vector<Flow> flows;
  Load load;
  std::vector<Threshold> thresholds;

  Nanos duration() const;  // of the sending phase: stages, shape or closed duration; replay: known after loading
};

// Reads a YAML scenario. `overrides` are -e KEY=VALUE parameters, substituted for ${KEY} in scalar values before
// parsing. All problems are reported, one a line, each as "FILE:LINE: FIELD: WHAT", with the nearest valid word for a
// misspelt key.
Result<Scenario> load_scenario(const std::filesystem::path& file, const std::map<std::string, std::string>& overrides);
Result<Scenario> parse_scenario(const std::string& yaml, const std::string& name_for_errors,
                                const std::map<std::string, std::string>& overrides,
                                const std::filesystem::path& base_dir = ".");
Result<Threshold> parse_threshold(const std::string& expression);

// One flow "get" of one step "get" on `url`: the command line without a file.
Scenario single_url_scenario(const std::string& url);

// The resolved scenario as stored in the manifest.
nlohmann::json to_json(const Scenario& scenario);

}  // namespace tidemark::schedule
