// The parts of a scenario's grammar, one reader each. Internal to engine/schedule: scenario_parser.cpp puts them
// together.
#pragma once

#include <string>
#include <vector>

#include "engine/schedule/scenario.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {

inline constexpr std::size_t kMostFlows = 1000;
inline constexpr std::size_t kMostSteps = 1000;    // of one flow
inline constexpr std::size_t kMostEntries = 1000;  // variables, stages, thresholds, choices, parameters
inline constexpr std::size_t kMostPerStep = 100;   // headers, captures, checks
inline constexpr double kHighestRate = 1e7;        // per second
inline constexpr double kMostArrivals = 1e11;      // of one run
inline constexpr Nanos kLongestDuration = std::chrono::hours(30 * 24);

// Names every template may use without defining them.
const std::vector<std::string>& built_in_variables();

std::vector<Variable> read_variables(ValueReader& reader, const YamlNode& node);

Load read_load(ValueReader& reader, const YamlNode& node, const std::filesystem::path& base_dir);

// `known`: names that hold before a flow's first step. Captures of earlier steps join them on the way.
std::vector<Flow> read_flows(ValueReader& reader, const YamlNode& node, const std::vector<std::string>& known);

std::vector<Check> read_checks(ValueReader& reader, const YamlNode& node, const std::string& path);

std::vector<Threshold> read_thresholds(ValueReader& reader, const YamlNode& node, const std::vector<Flow>& flows);

// "http://host:port" or https: scheme and authority only.
bool is_target(const std::string& text);

}  // namespace tidemark::schedule
