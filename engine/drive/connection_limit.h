// How many connections this process may hold: what was asked for, or what descriptors, local ports and memory allow.
// Decided before any socket opens, so that a run never finds out half-way.
#pragma once

#include <cstdint>

#include "engine/core/error.h"

namespace tidemark::drive {

struct MachineLimits {
  std::uint64_t descriptors = 1024;      // RLIMIT_NOFILE, the soft limit after raising it
  std::uint64_t descriptors_in_use = 0;  // by this process
  std::uint64_t local_ports = 28232;     // size of the ephemeral range
  std::uint64_t available_bytes = 1u << 30;
};

// Raises the soft limit on descriptors to the hard one and reads the rest from /proc; what cannot be read keeps its
// default.
MachineLimits machine_limits();

// Bytes of this process and of the kernel's socket buffers that one open connection is reckoned with.
inline constexpr std::uint64_t kBytesPerConnection = 32 * 1024;
// Descriptors left for the run directory, the scraper and libraries.
inline constexpr std::uint64_t kSpareDescriptors = 64;

// requested 0: as many as the machine allows, at most a quarter of the free memory. Exit 4, naming both numbers, when
// more are requested than descriptors, ports or memory allow. `nodes`: scraped nodes, one connection each.
Result<std::uint32_t> connection_limit(std::uint32_t requested, std::size_t nodes, const MachineLimits& machine);

}  // namespace tidemark::drive
