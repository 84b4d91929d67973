// The bounded worker pool of a node as a pure decision: who may run now, who waits, who is turned away. It keeps the integrals
// of held slots and of waiting, from which utilisation and mean service time follow exactly (docs/architecture.md).
// It owns no threads and knows no clock: `now` is an argument, so a coroutine and a simulator use the same code.
// Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <deque>

#include "engine/core/units.h"

namespace tidemark::guard {

class WorkerPool {
 public:
  enum class Decision { granted, queued, refused };

  // `workers` >= 1 slots; at most `queue_limit` wait, first come first served.
  WorkerPool(std::uint32_t workers, std::uint32_t queue_limit);

  // `ticket` is the caller's own name for the request; a queued one comes back from release() when its turn comes.
  Decision acquire(Instant now, std::uint64_t ticket);
  // Gives the slot back. If somebody waits, the slot passes to it: returns true and its ticket.
  bool release(Instant now, std::uint64_t* next_ticket);
  // A waiting request gives up (deadline). False if it no longer waits.
  bool abandon(Instant now, std::uint64_t ticket);

  struct Reading {
    double busy_seconds, wait_seconds;  // monotone
    std::uint64_t refused;
    std::uint32_t workers, in_use, queued;
    std::uint32_t in_use_max, queued_max;  // of the last whole second before `now`
  };
  Reading read(Instant now);

 private:
  void advance(Instant now);

  std::uint32_t workers_, queue_limit_;
  std::uint32_t in_use_ = 0;
  std::deque<std::uint64_t> waiting_;
  double busy_seconds_ = 0, wait_seconds_ = 0;
  std::uint64_t refused_ = 0;
  Instant last_{};
  std::int64_t second_ = -1;  // number of the second that current_ belongs to
  std::uint32_t current_in_use_ = 0, current_queued_ = 0, previous_in_use_ = 0, previous_queued_ = 0;
};

}  // namespace tidemark::guard
