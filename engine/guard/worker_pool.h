// The bounded worker pool of a node as a pure decision: who may run now, who waits, who is turned away. It keeps the
// integrals of held slots and of waiting, from which utilisation and mean service time follow exactly
// (docs/architecture.md). It owns no threads and knows no clock: `now` is an argument, so a coroutine and a simulator
// use the same code. Not thread-safe: one owner.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>

#include "engine/core/units.h"

namespace tidemark::guard {

class WorkerPool {
 public:
  enum class Decision { granted, queued, refused };

  // `workers` >= 1 slots (0 is taken as 1); at most `queue_limit` wait, first come first served. An instant before the
  // latest one seen counts as the latest one.
  WorkerPool(std::uint32_t workers, std::uint32_t queue_limit);

  // `ticket` is the caller's own name for the request; a queued one comes back from release() when its turn comes.
  Decision acquire(Instant now, std::uint64_t ticket);
  // Gives the slot back; at least one must be held. If somebody waits, the slot passes to it: returns true and its
  // ticket.
  bool release(Instant now, std::uint64_t* next_ticket);
  // A waiting request gives up (deadline). False if it no longer waits. Linear in the length of the queue.
  bool abandon(Instant now, std::uint64_t ticket);

  struct Reading {
    double busy_seconds, wait_seconds;  // monotone; exact while below 104 days (whole nanoseconds in a double)
    std::uint64_t refused;
    std::uint32_t workers, in_use, queued;
    // Highest levels during the last whole second before `now` (seconds of the steady clock), the level at its start
    // included.
    std::uint32_t in_use_max, queued_max;
  };
  Reading read(Instant now);

 private:
  void advance(Instant now);
  void next_second(Instant now);
  void note_levels();

  std::uint32_t workers_, queue_limit_;
  std::uint32_t in_use_ = 0, queued_ = 0;
  std::deque<std::uint64_t> waiting_;
  double busy_ns_ = 0, wait_ns_ = 0;
  std::uint64_t refused_ = 0;
  Instant last_{};
  Instant second_{}, second_end_{};  // the second that current_ belongs to; an empty one before the first use
  std::uint32_t current_in_use_ = 0, current_queued_ = 0, previous_in_use_ = 0, previous_queued_ = 0;
};

// What follows is inline because the simulator asks it several million times a second.

// Levels are constant between events, so the integrals and maxima up to `now` follow from the levels held since
// `last_`.
inline void WorkerPool::advance(Instant now) {
  now = std::max(now, last_);
  const auto elapsed_ns = static_cast<double>(Nanos(now - last_).count());
  busy_ns_ += elapsed_ns * in_use_;
  wait_ns_ += elapsed_ns * queued_;
  last_ = now;
  if (now >= second_end_ || now < second_) next_second(now);
}

inline void WorkerPool::note_levels() {
  current_in_use_ = std::max(current_in_use_, in_use_);
  current_queued_ = std::max(current_queued_, queued_);
}

inline WorkerPool::Decision WorkerPool::acquire(Instant now, std::uint64_t ticket) {
  advance(now);
  if (in_use_ < workers_) {
    ++in_use_;
    note_levels();
    return Decision::granted;
  }
  if (queued_ >= queue_limit_) {
    ++refused_;
    return Decision::refused;
  }
  waiting_.push_back(ticket);
  ++queued_;
  note_levels();
  return Decision::queued;
}

inline bool WorkerPool::release(Instant now, std::uint64_t* next_ticket) {
  assert(in_use_ > 0);
  advance(now);
  if (queued_ == 0) {
    --in_use_;
    return false;
  }
  *next_ticket = waiting_.front();
  waiting_.pop_front();
  --queued_;
  return true;
}

}  // namespace tidemark::guard
