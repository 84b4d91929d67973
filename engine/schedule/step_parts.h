// The parts of a step's grammar, one reader each, and what holes may name where the step stands. Internal to
// engine/schedule: flow_parser.cpp puts them together. Not thread-safe: one parse.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/schedule/scenario.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {

// What every flow may use from its first step on.
struct Vocabulary {
  std::vector<std::string> fixed;     // variables and built-ins: a capture must not be called so
  std::vector<std::string> captured;  // by set-up
  std::vector<std::string> feeders;   // whose columns are known only when their files are loaded
  bool lua = false;                   // the scenario has a script
};

struct Scope {
  const Vocabulary& words;
  std::vector<std::string> names;  // fixed, captured, and what the flow's steps have captured so far
  bool rows = true;                // feeders' columns hold here: not in set-up and tear-down
  std::string step{};              // for messages
};

// Text of which every hole is known in `scope`; empty after a problem.
Template read_template(ValueReader& reader, const YamlNode& node, const std::string& field, const Scope& scope);
void check_holes(ValueReader& reader, Line line, const std::string& field, const Template& text, const Scope& scope);

inline constexpr std::initializer_list<std::string_view> kMethodKeys = {"get",   "head",   "post",   "put",
                                                                        "patch", "delete", "options"};
// The keys of steps that call a store, in the order of Protocol from redis on.
inline constexpr std::initializer_list<std::string_view> kStoreKeys = {"redis", "mysql", "kafka"};
// The map under one of them: sets the step's protocol and its store call.
void read_store_call(ValueReader& reader, const YamlNode& node, const std::string& path, Protocol protocol,
                     const Scope& scope, Step& step);
// The inverse, but for the target's password: {"redis": {...}}.
nlohmann::json store_call_json(const Step& step);

// Method, URL, headers and body, in either form; or a gRPC call, or one of a store.
void read_request(ValueReader& reader, const Fields& fields, const Scope& scope, Step& step);
std::vector<Capture> read_captures(ValueReader& reader, const YamlNode& node, const std::string& path,
                                   const Scope& scope);
// `protocol`: of the step. HTTP has status codes and by default accepts 200 to 399, the others numbers and 0.
std::vector<Check> read_checks(ValueReader& reader, const YamlNode& node, const std::string& path, Protocol protocol);
ThinkTime read_think(ValueReader& reader, const YamlNode& node, const std::string& path);
std::optional<Condition> read_condition(ValueReader& reader, const YamlNode& node, const std::string& field,
                                        const Scope& scope);
std::optional<Pattern> read_pattern(ValueReader& reader, const YamlNode& node, const std::string& field);

bool is_header_name(std::string_view text);  // RFC 9110 5.6.2: also the names of cookies

}  // namespace tidemark::schedule
