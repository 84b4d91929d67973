// guard::WorkerPool for coroutines: whoever does not get a worker at once sleeps on a timer of its own until release()
// hands it one or its deadline passes. Used from the node's own thread only.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "engine/guard/worker_pool.h"
#include "engine/net/asio.h"

namespace tidemark::shop {

class PoolGate {
 public:
  enum class Entry { granted, refused, expired };

  PoolGate(net::asio::io_context& io, std::uint32_t workers, std::uint32_t queue_limit);
  // granted: the caller owes one leave(). expired: the deadline passed, or the coroutine was cancelled, while it
  // waited.
  net::Task<Entry> enter(Instant deadline);
  void leave();
  guard::WorkerPool::Reading read(Instant now) { return pool_.read(now); }

 private:
  struct Waiter;
  net::asio::io_context& io_;
  guard::WorkerPool pool_;
  std::uint64_t next_ticket_ = 1;
  std::unordered_map<std::uint64_t, Waiter*> waiters_;  // on the frames of the coroutines that wait
};

}  // namespace tidemark::shop
