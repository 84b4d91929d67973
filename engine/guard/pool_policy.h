// What a bounded worker pool does with those who find it full: turn them away (`reject`), let them wait for so long
// (`block`), or be no bound at all (`unbounded`: a thread for each request, for comparison; its memory grows with what
// waits behind it). A WorkerPool with a time limit on waiting. `now` must not run backwards. One owner.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>

#include "engine/core/units.h"
#include "engine/guard/worker_pool.h"

namespace tidemark::guard {

struct PoolSettings {
  enum class Policy : std::uint8_t { reject, block, unbounded };
  static constexpr std::array<std::string_view, 3> kPolicies = {"reject", "block", "unbounded"};

  // reject: refused when as many wait as the service's queue_limit says, then waits to its deadline. block: as many may
  // wait, none longer than `wait`.
  Policy policy = Policy::reject;
  Nanos wait = std::chrono::seconds(1);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.word("policy", self.policy, kPolicies);
    fields.duration("wait", self.wait, std::chrono::milliseconds(1), std::chrono::hours(1));
  }
};

class PolicyPool {
 public:
  using Decision = WorkerPool::Decision;

  PolicyPool(std::uint32_t workers, std::uint32_t queue_limit, const PoolSettings& settings);

  // As WorkerPool: a queued ticket comes back from release() when its turn comes, or from expire() when its time is
  // over.
  Decision acquire(Instant now, std::uint64_t ticket);
  bool release(Instant now, std::uint64_t* next_ticket);
  bool abandon(Instant now, std::uint64_t ticket);
  // Takes one that has waited as long as it may. Ask until it says no, at next_expiry() or before any release().
  bool expire(Instant now, std::uint64_t* ticket);
  Instant next_expiry() const;  // Instant::max(): nobody's time ends
  std::uint64_t expired() const { return expired_; }
  WorkerPool::Reading read(Instant now) { return pool_.read(now); }

 private:
  struct Waiting {
    std::uint64_t ticket;
    Instant until;
  };
  PoolSettings settings_;
  WorkerPool pool_;
  std::deque<Waiting> waiting_;  // with `block`: the pool's queue with its limits, in the same order
  std::uint64_t expired_ = 0;
};

}  // namespace tidemark::guard
