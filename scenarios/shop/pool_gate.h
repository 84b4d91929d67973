// guard::PolicyPool for coroutines: whoever does not get a worker at once sleeps on a timer of its own until leave()
// hands it one, or until its deadline or the policy's patience is over. Used from the node's own thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/guard/pool_policy.h"
#include "engine/net/asio.h"

namespace tidemark::shop {

class PoolGate {
 public:
  PoolGate(net::asio::io_context& io, std::uint32_t workers, std::uint32_t queue_limit);
  ~PoolGate();

  // Another policy from now on. Whoever is in the pool, or waits for it, stays with the one it came to, so that for a
  // moment more than `workers` may be held.
  void configure(const guard::PoolSettings& settings);
  bool unbounded() const { return settings_.policy == guard::PoolSettings::Policy::unbounded; }

  struct Pool;  // of one policy
  enum class Outcome { granted, refused, expired };
  struct Entry {
    Outcome outcome = Outcome::refused;
    bool waited = false;
    std::shared_ptr<Pool>
        pool;  // granted: the caller owes one leave() with it. Shared with the gate and who else is in
  };
  // expired: the deadline passed, the policy's patience ended, or the coroutine was cancelled, while it waited.
  net::Task<Entry> enter(Instant deadline);
  void leave(Pool& pool);
  // Integrals and counts over all policies there have been; `workers` is 0 while there is no bound.
  guard::WorkerPool::Reading read(Instant now);

 private:
  struct Waiter;
  net::asio::io_context& io_;
  const std::uint32_t workers_, queue_limit_;
  guard::PoolSettings settings_;
  std::shared_ptr<Pool> current_;
  std::vector<std::shared_ptr<Pool>> earlier_;  // not yet empty
  double busy_seconds_ = 0, wait_seconds_ = 0;  // of those that are
  std::uint64_t refused_ = 0;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace tidemark::shop
