// How one request, or one flow, ended. The two books of a run (docs/run-directory.md) are kept in these words.
#pragma once

#include <cstdint>

namespace tidemark {

enum class Outcome : std::uint8_t {
  ok,         // answered, every check held
  failed,     // connection refused or cut, malformed answer, status or check not as asked
  timed_out,  // no complete answer before the deadline
};

// requests: started == ok + failed + timed_out + in_flight
struct RequestBook {
  std::uint64_t started = 0, ok = 0, failed = 0, timed_out = 0, in_flight = 0;
  bool balances() const { return started == ok + failed + timed_out + in_flight; }
};

// flows: planned == completed + aborted + dropped + in_flight
struct FlowBook {
  std::uint64_t planned = 0, completed = 0, aborted = 0, dropped = 0, in_flight = 0;
  bool balances() const { return planned == completed + aborted + dropped + in_flight; }
};

}  // namespace tidemark
