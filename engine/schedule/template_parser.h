// Reads text with ${holes} into a Template: the grammar of docs/scenario.md, "Holes". Internal to engine/schedule.
// Pure: thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schedule/condition.h"
#include "engine/schedule/template.h"

namespace tidemark::schedule {

// The value of a parameter of that name; nullopt: it is not one, and the hole stays.
using FindParameter = std::function<std::optional<std::string>(const std::string&)>;

struct TemplateProblem {
  std::string what;                // "'${' begins a name like ${item}; ..."
  std::string word;                // misspelt, for a hint; may be empty
  std::vector<std::string> words;  // among which to look for the hint
};

// Parameters become text that is never read as a hole again. Returns the first problem, if there is one.
std::optional<TemplateProblem> parse_template(std::string_view text, const FindParameter& parameter, Template& result);

// What stands at text[at] as an argument of a call or an operand of a condition: 'text' or "text" with holes, a number,
// a name, a call or a hole. Moves `at` behind it.
std::optional<TemplateProblem> parse_operand(std::string_view text, std::size_t& at, const FindParameter& parameter,
                                             Template& result);

// Comparisons with and, or, not and parentheses.
std::optional<TemplateProblem> parse_condition(std::string_view text, const FindParameter& parameter,
                                               Condition& result);

// The template as a quoted argument of a call or operand of a condition: parsing that gives it back.
std::string quoted_source(const Template& text);

// In the order of Call::Function and Call::TimeFormat; env and lua, which are no functions by that name, come last.
std::span<const std::string> function_names();
std::span<const std::string> time_format_names();

}  // namespace tidemark::schedule
