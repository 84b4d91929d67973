#include "engine/guard/worker_pool.h"

#include <algorithm>

namespace tidemark::guard {

WorkerPool::WorkerPool(std::uint32_t workers, std::uint32_t queue_limit)
    : workers_(std::max(workers, 1U)), queue_limit_(queue_limit) {}

void WorkerPool::next_second(Instant now) {
  const Instant second = std::chrono::floor<std::chrono::seconds>(now);
  const bool follows = second_end_ > second_ && second == second_end_;  // else whole seconds went by without a change
  previous_in_use_ = follows ? current_in_use_ : in_use_;
  previous_queued_ = follows ? current_queued_ : queued_;
  current_in_use_ = in_use_;
  current_queued_ = queued_;
  second_ = second;
  second_end_ = second + std::chrono::seconds(1);
}

bool WorkerPool::abandon(Instant now, std::uint64_t ticket) {
  advance(now);
  const auto found = std::find(waiting_.begin(), waiting_.end(), ticket);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  --queued_;
  return true;
}

WorkerPool::Reading WorkerPool::read(Instant now) {
  advance(now);
  return {.busy_seconds = busy_ns_ / 1e9,
          .wait_seconds = wait_ns_ / 1e9,
          .refused = refused_,
          .workers = workers_,
          .in_use = in_use_,
          .queued = queued_,
          .in_use_max = previous_in_use_,
          .queued_max = previous_queued_};
}

}  // namespace tidemark::guard
