// The scenarios that `tidemark new` writes, embedded from scenarios/templates. Thread-safe: constant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::scenarios {

struct ScenarioTemplate {
  std::string name;
  std::string_view text;
  // A file that the scenario names, written beside it; an empty name: none.
  std::string beside{};
  std::string_view beside_text{};
  std::string_view about() const;  // its first line, without the "# "
};

std::span<const ScenarioTemplate> scenario_templates();  // by name

}  // namespace tidemark::scenarios
