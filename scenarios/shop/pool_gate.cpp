#include "scenarios/shop/pool_gate.h"

namespace tidemark::shop {

// Lives on the waiting coroutine's frame. However that frame ends, the ticket is given up or the granted slot passed
// on.
struct PoolGate::Waiter {
  PoolGate& gate;
  std::uint64_t ticket;
  net::Timer timer;
  bool granted = false, taken = false;

  Waiter(PoolGate& owner, std::uint64_t number, Instant deadline)
      : gate(owner), ticket(number), timer(owner.io_, deadline) {
    gate.waiters_.emplace(ticket, this);
  }
  ~Waiter() {
    gate.waiters_.erase(ticket);
    if (taken) return;
    if (granted) {
      gate.leave();
    } else {
      gate.pool_.abandon(Clock::now(), ticket);
    }
  }
};

PoolGate::PoolGate(net::asio::io_context& io, std::uint32_t workers, std::uint32_t queue_limit)
    : io_(io), pool_(workers, queue_limit) {}

net::Task<PoolGate::Entry> PoolGate::enter(Instant deadline) {
  const std::uint64_t ticket = next_ticket_++;
  const auto decision = pool_.acquire(Clock::now(), ticket);
  if (decision == guard::WorkerPool::Decision::granted) co_return Entry::granted;
  if (decision == guard::WorkerPool::Decision::refused) co_return Entry::refused;
  Waiter waiter(*this, ticket, deadline);
  co_await waiter.timer.async_wait(net::as_values);
  if (!waiter.granted) co_return Entry::expired;
  waiter.taken = true;
  co_return Entry::granted;
}

void PoolGate::leave() {
  std::uint64_t next = 0;
  if (!pool_.release(Clock::now(), &next)) return;
  Waiter* waiter = waiters_.at(next);
  waiter->granted = true;
  waiter->timer.cancel();
}

}  // namespace tidemark::shop
