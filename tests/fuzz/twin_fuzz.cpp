// Foreign bytes as a twin file: refused with its name, or a system that the simulation takes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "models/twin/simulation.h"
#include "models/twin/system_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::twin;
  if (size > 16384) return 0;
  const auto system = parse_system(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  if (!system) {
    if (!system.error().message().starts_with("fuzz.yaml")) std::abort();
    return 0;
  }
  // What is small enough to be built in no time.
  std::uint64_t nodes = 0, keys = 0;
  for (const auto& service : system->services) {
    const std::uint64_t most = std::max(service.nodes, service.autoscaler ? service.autoscaler->max_nodes : 0U);
    nodes += most;
    keys += service.caches.size() * system->keys.count * most;
  }
  if (nodes * std::max<std::size_t>(1, system->regions.size()) > 100 || keys > 10'000 || system->keys.count > 100'000)
    return 0;
  if (!Simulation::create(*system, {})) std::abort();
  return 0;
}
