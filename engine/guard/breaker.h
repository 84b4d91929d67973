// The seam of every circuit breaker: may this call be made, decided from the outcomes of the calls before it. The same
// object serves a coroutine of the live stack, an event of the twin and the replay of a labelled series. `now` is an
// argument and must not run backwards. Not thread-safe: one owner.
//
// One call is: allow() -> finished(permit), or allow() -> abandoned(permit). A refused call has no second call.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/core/units.h"

namespace tidemark::guard {

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  // Says which stretch of which state let a call through, so that an outcome which arrives after the next change of
  // state is not taken for one that belongs to it. Four bytes, the rule's own: keep it beside the call.
  struct Permit {
    std::uint32_t epoch = 0;
  };
  struct Outcome {
    Nanos latency{};
    bool failed = false;
  };

  virtual ~Breaker() = default;
  // Empty: the call must not be made. In half_open, a permit is the place of one of the probes that decide.
  virtual std::optional<Permit> allow(Instant now) = 0;
  // The outcome of a call that allow() let through; calls may end in any order, and after a change of state.
  virtual void finished(Instant now, Permit permit, const Outcome& outcome) = 0;
  // It was let through and nothing was learnt (cancelled by the caller): a probe's place is given back.
  virtual void abandoned(Instant now, Permit permit) = 0;
  virtual State state(Instant now) const = 0;
  // How often it has opened since it was made (closed or half-open to open).
  virtual std::uint64_t trips() const = 0;
};

}  // namespace tidemark::guard
