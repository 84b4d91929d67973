// A fault gate as a process of its own: runs it, and lets others change its rules while it runs. Who it is and the key
// to change it stand in a control file, mode 0600, {"schema":"tidemark.gate/1","pid","listen","to","control","key"},
// which goes away with the gate. Blocking; one thread.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/net/fault_gate.h"

namespace tidemark::net {

struct GateServiceOptions {
  Endpoint listen;  // port 0 picks one
  Endpoint to;      // an address, not a name
  GateRules rules;
  GateLimits limits;
  std::filesystem::path control_file;  // empty: its rules stay as they are
  std::uint64_t seed = 1;
};

// Until *stop is not 0. `ready` is told the address once connections are accepted. Exit 4 names address or file.
Result<FaultGate::Counters> run_gate_service(const GateServiceOptions& options, const std::atomic<int>& stop,
                                             const std::function<void(const Endpoint&)>& ready);

// Gives the gate of a control file new rules; without words it only asks. Its state as JSON:
// {"listen","to","rules","connections", "accepted","refused","unreachable","resets","bytes_up","bytes_down","writes"}.
// Exit 2 for wrong words, 4 when no gate runs there.
Result<std::string> order_gate(const std::filesystem::path& control_file, std::span<const std::string> words);

}  // namespace tidemark::net
