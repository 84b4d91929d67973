// Foreign bytes as a scenario: a located problem or a scenario, and a scenario's resolved form reads back as itself.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/schedule/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::schedule;
  if (size > 16384) return 0;
  const std::string yaml(reinterpret_cast<const char*>(data), size);
  const auto scenario = parse_scenario(yaml, "fuzz.yaml", {{"items", "50"}});
  if (!scenario) {
    if (!scenario.error().message().starts_with("fuzz.yaml:")) std::abort();
    return 0;
  }
  const auto resolved = to_json(*scenario);
  const auto again = parse_scenario(resolved.dump(), "resolved", {});
  if (!again || to_json(*again) != resolved) std::abort();
  return 0;
}
