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
  // Files that it includes are itself, or a small fragment: the disk is not part of the game.
  const ReadText read = [&yaml](const std::filesystem::path& file) -> tidemark::Result<std::string> {
    return file == "self.yaml" ? yaml : "variables: {included: 1}\ntimeout: 2s";
  };
  const auto scenario = parse_scenario(yaml, "fuzz.yaml", {{"items", "50"}}, ".", read);
  if (!scenario) {
    const std::string message = scenario.error().message();
    if (!message.starts_with("fuzz.yaml:") && !message.starts_with("self.yaml:")) std::abort();
    return 0;
  }
  const auto resolved = to_json(*scenario);
  const auto again = parse_scenario(resolved.dump(), "resolved", {});
  if (!again || to_json(*again) != resolved) std::abort();
  return 0;
}
