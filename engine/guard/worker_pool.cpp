#include "engine/guard/worker_pool.h"

#include <algorithm>
#include <cassert>

namespace tidemark::guard {

WorkerPool::WorkerPool(std::uint32_t workers, std::uint32_t queue_limit)
    : workers_(std::max(workers, 1U)), queue_limit_(queue_limit) {}

// Levels are constant between events, so the integrals and maxima up to `now` follow from the levels held since
// `last_`.
void WorkerPool::advance(Instant now) {
  now = std::max(now, last_);
  const auto queued = static_cast<std::uint32_t>(waiting_.size());
  const auto elapsed_ns = static_cast<double>(Nanos(now - last_).count());
  busy_ns_ += elapsed_ns * in_use_;
  wait_ns_ += elapsed_ns * queued;
  last_ = now;
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second == second_) return;
  const bool next_second = second == second_ + 1;  // else whole seconds went by in which nothing changed
  previous_in_use_ = next_second ? current_in_use_ : in_use_;
  previous_queued_ = next_second ? current_queued_ : queued;
  current_in_use_ = in_use_;
  current_queued_ = queued;
  second_ = second;
}

void WorkerPool::note_levels() {
  current_in_use_ = std::max(current_in_use_, in_use_);
  current_queued_ = std::max(current_queued_, static_cast<std::uint32_t>(waiting_.size()));
}

WorkerPool::Decision WorkerPool::acquire(Instant now, std::uint64_t ticket) {
  advance(now);
  if (in_use_ < workers_) {
    ++in_use_;
    note_levels();
    return Decision::granted;
  }
  if (waiting_.size() >= queue_limit_) {
    ++refused_;
    return Decision::refused;
  }
  waiting_.push_back(ticket);
  note_levels();
  return Decision::queued;
}

bool WorkerPool::release(Instant now, std::uint64_t* next_ticket) {
  assert(in_use_ > 0);
  advance(now);
  if (waiting_.empty()) {
    --in_use_;
    return false;
  }
  *next_ticket = waiting_.front();
  waiting_.pop_front();
  return true;
}

bool WorkerPool::abandon(Instant now, std::uint64_t ticket) {
  advance(now);
  const auto found = std::find(waiting_.begin(), waiting_.end(), ticket);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

WorkerPool::Reading WorkerPool::read(Instant now) {
  advance(now);
  return {.busy_seconds = busy_ns_ / 1e9,
          .wait_seconds = wait_ns_ / 1e9,
          .refused = refused_,
          .workers = workers_,
          .in_use = in_use_,
          .queued = static_cast<std::uint32_t>(waiting_.size()),
          .in_use_max = previous_in_use_,
          .queued_max = previous_queued_};
}

}  // namespace tidemark::guard
