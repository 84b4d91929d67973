#include "engine/guard/dagor_limiter.h"

namespace tidemark::guard {

void DagorLimiter::end_window(Instant now) {
  const bool overloaded = started_ > 0 && queued_s_ / static_cast<double>(started_) > to_seconds(settings_.target);
  auto prefix = static_cast<double>(admitted_);
  if (overloaded) {
    const double expected = (1 - settings_.alpha) * prefix;
    while (prefix > expected && level_ > 0) prefix -= arrived_at_[static_cast<std::size_t>(level_--)];
  } else {
    const double expected = prefix + settings_.beta * static_cast<double>(arrived_);
    while (prefix < expected && level_ < kLevels - 1) prefix += arrived_at_[static_cast<std::size_t>(++level_)];
  }
  arrived_at_.fill(0);
  arrived_ = admitted_ = started_ = 0;
  queued_s_ = 0;
  window_start_ = now;
}

Admission DagorLimiter::admit(Instant now, Ask ask) {
  if (!begun_) window_start_ = now;
  begun_ = true;
  if (now - window_start_ >= settings_.window || arrived_ >= settings_.window_requests) end_window(now);
  const int rank = static_cast<int>(ask.priority) * kUsers + (ask.cohort % kUsers);
  ++arrived_;
  ++arrived_at_[static_cast<std::size_t>(rank)];
  if (rank > level_) return {.verdict = Admission::Verdict::refused, .start = now};
  ++admitted_;
  return {.start = now};
}

void DagorLimiter::started(Instant /*now*/, Nanos queued) {
  ++started_;
  queued_s_ += to_seconds(queued);
}

}  // namespace tidemark::guard
