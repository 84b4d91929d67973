// The parts of a scenario's grammar, one reader each. Internal to engine/schedule: scenario_parser.cpp puts them
// together.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/schedule/scenario.h"
#include "engine/schedule/step_parts.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {

inline constexpr std::size_t kMostFlows = 1000;
inline constexpr std::size_t kMostSteps = 1000;    // of one flow
inline constexpr std::size_t kMostEntries = 1000;  // variables, stages, thresholds, choices, parameters
inline constexpr std::size_t kMostLoads = 16;      // at once
inline constexpr std::size_t kMostPerStep = 100;   // headers, captures, checks
inline constexpr std::size_t kMostFeeders = 100;
inline constexpr std::int64_t kMostRedirects = 20;
inline constexpr double kHighestRate = 1e7;    // per second
inline constexpr double kMostArrivals = 1e11;  // of one run
inline constexpr Nanos kLongestDuration = std::chrono::hours(30 * 24);

// A string as a scalar that reads back as itself: a dollar sign is written twice.
std::string escaped(std::string_view text);

// Names every template may use without defining them.
const std::vector<std::string>& built_in_variables();

// In the order of Feeder::Order.
std::span<const std::string> feeder_orders();

std::vector<Feeder> read_feeders(ValueReader& reader, const YamlNode& node);

std::vector<Variable> read_variables(ValueReader& reader, const YamlNode& node);

// `path`: where it stands, "load" or "loads[1]".
Load read_load(ValueReader& reader, const YamlNode& node, const std::string& path);
// The inverse: what read_load reads as the same load.
nlohmann::json load_json(const Load& load);
nlohmann::json think_json(const ThinkTime& think);

// One open load's curve, of the keys that describe one; load_shapes.cpp. `fields` are those of the load itself.
void read_open_shape(ValueReader& reader, const Fields& fields, Load& load);
// Helpers of the same grammar.
Nanos read_length(ValueReader& reader, const Fields& fields, std::string_view key = "duration");
std::optional<Rate> read_rate(ValueReader& reader, const Fields& fields, std::string_view key);

// Names that must be unique in a scenario, because numbers are kept by them.
struct SeriesNames {
  std::set<std::string> flows, steps, groups;
};
std::vector<Flow> read_flows(ValueReader& reader, const YamlNode& node, const Vocabulary& words, SeriesNames& names);
// Set-up or tear-down: a list of steps that belongs to no arrival.
Flow read_single_flow(ValueReader& reader, const YamlNode& steps, const std::string& name, const Vocabulary& words,
                      SeriesNames& names);

std::vector<Threshold> read_thresholds(ValueReader& reader, const YamlNode& node, const std::vector<Flow>& flows);

// "http://host:port" or https: scheme and authority only.
bool is_target(const std::string& text);

}  // namespace tidemark::schedule
