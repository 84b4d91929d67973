#include "engine/drive/connection_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tidemark::drive {

MachineLimits machine_limits() {
  MachineLimits limits;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    limits.descriptors = files.rlim_cur;
  }
  std::error_code error;
  const std::filesystem::directory_iterator open_files("/proc/self/fd", error);
  if (!error) limits.descriptors_in_use = static_cast<std::uint64_t>(std::distance(begin(open_files), end(open_files)));
  std::uint64_t low = 0, high = 0;
  if (std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high && high >= low)
    limits.local_ports = high - low + 1;
  std::ifstream memory("/proc/meminfo");
  for (std::string name; memory >> name; memory.ignore(1024, '\n')) {
    std::uint64_t kibibytes = 0;
    if (name == "MemAvailable:" && memory >> kibibytes) limits.available_bytes = kibibytes * 1024;
  }
  return limits;
}

Result<std::uint32_t> connection_limit(std::uint32_t requested, std::size_t nodes, const MachineLimits& machine) {
  const std::uint64_t reserved = kSpareDescriptors + machine.descriptors_in_use + nodes;
  const std::uint64_t by_descriptors = machine.descriptors > reserved ? machine.descriptors - reserved : 0;
  if (requested > by_descriptors || by_descriptors == 0) {
    return fail(ExitCode::environment, "open files",
                fmt::format("{} connections need {} descriptors, the limit is {}", std::max(requested, 1U),
                            std::max<std::uint64_t>(requested, 1) + reserved, machine.descriptors),
                fmt::format("ulimit -n {}, or --connections {}", std::max<std::uint64_t>(requested, 1) + reserved,
                            by_descriptors));
  }
  if (requested > machine.local_ports) {
    return fail(ExitCode::environment, "local ports",
                fmt::format("{} connections to one address, {} local ports", requested, machine.local_ports),
                "widen net.ipv4.ip_local_port_range, or lower --connections");
  }
  const std::uint64_t needed = std::uint64_t{requested} * kBytesPerConnection;
  if (needed > machine.available_bytes) {
    return fail(ExitCode::environment, "memory",
                fmt::format("{} connections need {} MiB, {} MiB are available", requested, needed >> 20U,
                            machine.available_bytes >> 20U),
                fmt::format("--connections {}", machine.available_bytes / 2 / kBytesPerConnection));
  }
  if (requested > 0) return requested;
  const std::uint64_t by_memory = std::max<std::uint64_t>(machine.available_bytes / 4 / kBytesPerConnection, 1);
  const std::uint64_t by_ports = std::max<std::uint64_t>(machine.local_ports * 9 / 10, 1);  // the rest is in TIME_WAIT
  return static_cast<std::uint32_t>(std::min({by_descriptors, by_memory, by_ports, std::uint64_t{0xffff'ffff}}));
}

}  // namespace tidemark::drive
