// The seam of every limiter: who may enter a node now, decided from instants and counts alone. The same object serves a
// coroutine of the live stack and an event of the twin, so it owns no clock, no thread and no timer, and draws chance,
// where a rule needs some, from a Random seeded by its settings. Not thread-safe: one owner.
//
// One request is: admit() -> [started() -> finished()], or admit() -> abandoned(). A refused request has no second
// call.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/core/units.h"

namespace tidemark::guard {

// Who is turned away last comes first. Shadow traffic is whatever carries a test's tag without being asked to stand for
// a priority of its own.
enum class Priority : std::uint8_t { core, normal, browse, shadow };
inline constexpr int kPriorities = 4;

struct Ask {
  Priority priority = Priority::normal;
  // 0 to 127, a stable hash of the user: rules that shed by user shed the same ones for a while, at every service.
  std::uint8_t cohort = 0;
  // This service has already worked for the same request (the caller says so: it made the earlier call): a refusal now
  // throws that work away.
  bool under_way = false;
};

struct Admission {
  enum class Verdict : std::uint8_t { admitted, refused };
  Verdict verdict = Verdict::admitted;
  // When the request may go on; later than `now` only for rules that space requests out (leaky queue).
  Instant start{};
};

struct Finish {
  Nanos latency{};       // from admission to the end
  Nanos queued{};        // of which waiting for a worker
  bool dropped = false;  // timed out, refused further down, or given up: not an answer that says how fast the node is
};

class Limiter {
 public:
  virtual ~Limiter() = default;
  virtual Admission admit(Instant now, Ask ask) = 0;
  // It got a worker after waiting so long. Rules whose signal is queueing delay learn here, before the service time.
  virtual void started(Instant /*now*/, Nanos /*queued*/) {}
  virtual void finished(Instant now, const Finish& finish) = 0;
  // Admitted, but never got a worker (deadline passed, connection lost).
  virtual void abandoned(Instant now) { finished(now, Finish{.dropped = true}); }

  enum class Kind : std::uint8_t { rate, concurrency, level };
  virtual Kind kind() const = 0;
  // What is in force now, for charts: requests a second, requests in flight, or the share admitted.
  virtual double limit() const = 0;
};

}  // namespace tidemark::guard
