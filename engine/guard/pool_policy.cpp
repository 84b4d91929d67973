#include "engine/guard/pool_policy.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace tidemark::guard {

using Policy = PoolSettings::Policy;

PolicyPool::PolicyPool(std::uint32_t workers, std::uint32_t queue_limit, const PoolSettings& settings)
    : settings_(settings),
      pool_(settings.policy == Policy::unbounded ? std::numeric_limits<std::uint32_t>::max() : workers, queue_limit) {}

PolicyPool::Decision PolicyPool::acquire(Instant now, std::uint64_t ticket) {
  const Decision decision = pool_.acquire(now, ticket);
  if (decision == Decision::queued && settings_.policy == Policy::block) {
    waiting_.push_back({ticket, now + settings_.wait});
  }
  return decision;
}

bool PolicyPool::release(Instant now, std::uint64_t* next_ticket) {
  if (!pool_.release(now, next_ticket)) return false;
  if (settings_.policy == Policy::block) {
    assert(waiting_.front().ticket == *next_ticket);
    waiting_.pop_front();
  }
  return true;
}

bool PolicyPool::abandon(Instant now, std::uint64_t ticket) {
  if (!pool_.abandon(now, ticket)) return false;
  if (settings_.policy == Policy::block) waiting_.erase(std::ranges::find(waiting_, ticket, &Waiting::ticket));
  return true;
}

Instant PolicyPool::next_expiry() const {
  return waiting_.empty() ? Instant::max() : waiting_.front().until;
}

bool PolicyPool::expire(Instant now, std::uint64_t* ticket) {
  if (waiting_.empty() || now < waiting_.front().until) return false;
  *ticket = waiting_.front().ticket;
  waiting_.pop_front();
  pool_.abandon(now, *ticket);  // it is the first of the pool's queue
  ++expired_;
  return true;
}

}  // namespace tidemark::guard
