// A TCP gate between two parties that passes bytes on and does to them what its rules say (GateRules): late, in small
// pieces, cut off by a reset, or not at all. For finding out how either side behaves on a bad network, without
// privileges and on one machine. It knows no protocol; an end of stream is carried through in each direction on its
// own, a reset of one side resets the other. Rules may change while connections are open and count from the next byte
// read. Used from the io_context's own thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/net/asio.h"
#include "engine/net/gate_rules.h"
#include "engine/net/message.h"

namespace tidemark::net {

struct GateLimits {
  std::uint32_t connections = 1024;    // above: accepted and reset at once, counted as refused
  std::uint32_t held_bytes = 1 << 18;  // of each direction of a connection while they wait; above: reading pauses
};

class FaultGate {
 public:
  // `upstream` is asked once for each connection; nullopt, or an address where nobody listens, resets the caller.
  // `seed` feeds the chances of resets and the sizes of slices.
  FaultGate(asio::io_context& io, GateLimits limits, std::function<std::optional<Endpoint>()> upstream,
            std::uint64_t seed);
  ~FaultGate();  // stop() must have been awaited, or the io_context must no longer run

  // Port 0 picks one, which the gate keeps also while it is down. Exit 4 names address and port.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  // Exit 4 when it was down and cannot listen again; it stays down then.
  Result<void> set(const GateRules& rules);
  const GateRules& rules() const;
  // Resets every connection; returns when all have ended.
  Task<void> stop();

  std::size_t connections() const;
  struct Counters {
    std::uint64_t accepted = 0, refused = 0;
    std::uint64_t unreachable = 0;               // upstream did not accept
    std::uint64_t resets = 0;                    // by the rule; not those that a peer or `down` caused
    std::uint64_t bytes_up = 0, bytes_down = 0;  // passed on to upstream, and to the caller
    std::uint64_t writes = 0;                    // in so many pieces
  };
  const Counters& counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the accept loop and the connections, which may outlive a cancelled stop
};

}  // namespace tidemark::net
