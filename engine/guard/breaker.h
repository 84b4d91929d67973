// The seam of every circuit breaker: may this call be made, decided from the outcomes of the calls before it. The same
// object serves a coroutine of the live stack, an event of the twin and the replay of a labelled series. `now` is an
// argument and must not run backwards. Not thread-safe: one owner.
//
// One call is: allow() -> finished(), or allow() -> abandoned(). A refused call has no second call.
#pragma once

#include <cstdint>

#include "engine/core/units.h"

namespace tidemark::guard {

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  struct Outcome {
    Nanos latency{};
    bool failed = false;
  };

  virtual ~Breaker() = default;
  // False: the call must not be made. True in half_open: it is one of the probes that decide.
  virtual bool allow(Instant now) = 0;
  // The outcome of a call that allow() let through; calls may end in any order, and after a change of state.
  virtual void finished(Instant now, const Outcome& outcome) = 0;
  // It was let through and nothing was learnt (cancelled by the caller): a probe's place is given back.
  virtual void abandoned(Instant now) = 0;
  virtual State state(Instant now) const = 0;
  // How often it has opened since it was made (closed or half-open to open).
  virtual std::uint64_t trips() const = 0;
};

}  // namespace tidemark::guard
