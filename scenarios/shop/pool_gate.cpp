#include "scenarios/shop/pool_gate.h"

#include <algorithm>

namespace tidemark::shop {

struct PoolGate::Pool {
  Pool(std::uint32_t workers, std::uint32_t queue_limit, const guard::PoolSettings& settings)
      : pool(workers, queue_limit, settings) {}
  guard::PolicyPool pool;
  std::unordered_map<std::uint64_t, Waiter*> waiters;  // on the frames of the coroutines that wait
};

// Lives on the waiting coroutine's frame. However that frame ends, the ticket is given up or the granted slot passed
// on.
struct PoolGate::Waiter {
  PoolGate& gate;
  std::shared_ptr<Pool> pool;
  std::uint64_t ticket;
  net::Timer timer;
  bool granted = false, taken = false;

  Waiter(PoolGate& owner, std::shared_ptr<Pool> of, std::uint64_t number, Instant until)
      : gate(owner), pool(std::move(of)), ticket(number), timer(owner.io_, until) {
    pool->waiters.emplace(ticket, this);
  }
  ~Waiter() {
    pool->waiters.erase(ticket);
    if (taken) return;
    if (granted) {
      gate.leave(*pool);
    } else {
      pool->pool.abandon(Clock::now(), ticket);
    }
  }
};

PoolGate::PoolGate(net::asio::io_context& io, std::uint32_t workers, std::uint32_t queue_limit)
    : io_(io),
      workers_(workers),
      queue_limit_(queue_limit),
      current_(std::make_shared<Pool>(workers, queue_limit, guard::PoolSettings{})) {}

PoolGate::~PoolGate() = default;

void PoolGate::configure(const guard::PoolSettings& settings) {
  if (settings.policy == settings_.policy && settings.wait == settings_.wait) return;
  settings_ = settings;
  earlier_.push_back(std::exchange(current_, std::make_shared<Pool>(workers_, queue_limit_, settings)));
}

net::Task<PoolGate::Entry> PoolGate::enter(Instant deadline) {
  const std::uint64_t ticket = next_ticket_++;
  const Instant now = Clock::now();
  const auto pool = current_;
  const auto decision = pool->pool.acquire(now, ticket);
  if (decision == guard::WorkerPool::Decision::granted) co_return Entry{Outcome::granted, false, pool};
  if (decision == guard::WorkerPool::Decision::refused) co_return Entry{Outcome::refused, false, nullptr};
  const bool patient = settings_.policy != guard::PoolSettings::Policy::block;
  Waiter waiter(*this, pool, ticket, patient ? deadline : std::min(deadline, now + settings_.wait));
  co_await waiter.timer.async_wait(net::as_values);
  if (!waiter.granted) co_return Entry{Outcome::expired, true, nullptr};
  waiter.taken = true;
  co_return Entry{Outcome::granted, true, pool};
}

void PoolGate::leave(Pool& pool) {
  std::uint64_t next = 0;
  if (!pool.pool.release(Clock::now(), &next)) return;
  Waiter* waiter = pool.waiters.at(next);
  waiter->granted = true;
  waiter->timer.cancel();
}

guard::WorkerPool::Reading PoolGate::read(Instant now) {
  guard::WorkerPool::Reading sum = current_->pool.read(now);
  std::erase_if(earlier_, [&](const std::shared_ptr<Pool>& pool) {
    const auto reading = pool->pool.read(now);
    if (reading.in_use == 0 && reading.queued == 0) {
      busy_seconds_ += reading.busy_seconds;
      wait_seconds_ += reading.wait_seconds;
      refused_ += reading.refused;
      return true;
    }
    sum.busy_seconds += reading.busy_seconds;
    sum.wait_seconds += reading.wait_seconds;
    sum.refused += reading.refused;
    sum.in_use += reading.in_use;
    sum.queued += reading.queued;
    sum.in_use_max += reading.in_use_max;
    sum.queued_max += reading.queued_max;
    return false;
  });
  sum.busy_seconds += busy_seconds_;
  sum.wait_seconds += wait_seconds_;
  sum.refused += refused_;
  if (unbounded()) sum.workers = 0;
  return sum;
}

}  // namespace tidemark::shop
