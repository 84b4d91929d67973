#include "engine/guard/tide_limiter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tidemark::guard {
namespace {

// Moments are the mean of the first answers, then decay over this many: a third of a second of a node that serves 800 a
// second, so that a node that turns slow is known to be slow before its queue is long.
constexpr double kMemory = 256;
constexpr double kKnown = 32;    // answers before their variation is believed
constexpr double kMostCv2 = 16;  // one outlier must not open the gate
// The queue moves around T by this many of its standard deviations before it runs dry.
constexpr double kDeviations = 2.5;
// Arrivals are averaged over so many times `settle`: longer than the queue's own swings, or the two would chase each
// other.
constexpr double kArrivalMemory = 3;
// A queue above T cuts the important less: the correction takes so many times `settle`. Swings that browse can take
// must not refuse an order.
constexpr std::array<double, kPriorities> kPatience = {3, 2, 1, 1};
// Whatever the level says, nobody is let in behind a queue of so many times K; core and what is under way a little
// longer.
constexpr double kMostQueue = 1.5, kMostImportant = 2;

}  // namespace

double TideLimiter::drain_rps() const {
  return workers_ == 0 || mean_s_ <= 0 ? 0 : workers_ / mean_s_;
}

double TideLimiter::cv2() const {
  return served_ < kKnown ? 1 : std::clamp(square_s2_ / (mean_s_ * mean_s_) - 1, 0.0, kMostCv2);
}

double TideLimiter::alarm_requests() const {
  const double alarm = settings_.evidence * (1 + cv2()) / (2 * (1 - settings_.stable_load));
  const double drain = drain_rps();
  if (drain <= 0) return alarm;
  const double most = std::max<double>(settings_.least_queue, to_seconds(settings_.longest) * drain);
  return std::min(alarm, most);
}

// A queue that returns to its mean in `settle` against Poisson arrivals and such answers has the variance
// mu settle (1 + v) / 2.
double TideLimiter::target_requests() const {
  const double variance = drain_rps() * to_seconds(settings_.settle) * (1 + cv2()) / 2;
  const double most = alarm_requests() / 2;  // or the swings above T would reach what is refused to all
  return std::clamp(kDeviations * std::sqrt(variance), std::min<double>(settings_.least_queue, most), most);
}

int TideLimiter::class_of(Ask ask) const {
  return ask.under_way && settings_.under_way ? 0 : 1 + static_cast<int>(ask.priority);
}

double TideLimiter::rank(Ask ask) const {
  const auto own = static_cast<std::size_t>(class_of(ask));
  const double all = std::accumulate(arrived_.begin(), arrived_.end(), 0.0);
  const double before = std::accumulate(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(own), 0.0);
  return all <= 0 ? 0 : (before + arrived_[own] * (ask.cohort % 128) / 128) / all;
}

double TideLimiter::arrivals_rps() const {
  // What is seen of an exponential memory that began `since` ago is 1 - e^(-since / memory) of the whole.
  const double memory_s = kArrivalMemory * to_seconds(settings_.settle);
  const double seen_s = memory_s * -std::expm1(-to_seconds(last_ - first_) / memory_s);
  return seen_s <= 0 ? 0 : std::accumulate(arrived_.begin(), arrived_.end(), 0.0) / seen_s;
}

void TideLimiter::count_arrival(Instant now, Ask ask) {
  if (!seen_) first_ = last_ = now;
  seen_ = true;
  const double elapsed_s = to_seconds(now - last_);
  const double faded = std::exp(-elapsed_s / (kArrivalMemory * to_seconds(settings_.settle)));
  for (double& count : arrived_) count *= faded;
  arrived_[static_cast<std::size_t>(class_of(ask))] += 1;
  // The queue that would stand if nobody had been refused: it grows by every arrival and shrinks at the drain rate.
  if (alarmed_) backlog_ = std::max(0.0, backlog_ - drain_rps() * elapsed_s);
  if (alarmed_ && backlog_ <= 0) alarmed_ = false;
  last_ = now;
}

bool TideLimiter::refused(Ask ask) {
  const double alarm = alarm_requests();
  if (!alarmed_ && queued_ + 1 >= alarm) {
    alarmed_ = true;
    backlog_ = alarm;
  }
  level_ = 1;
  if (!alarmed_) return false;
  backlog_ = std::min(backlog_ + 1, alarm);
  const double arrivals = arrivals_rps(), drain = drain_rps();
  if (arrivals > 0 && drain > 0) {
    const double missing = target_requests() - queued_;
    const double patience = missing > 0 ? 1 : kPatience[static_cast<std::size_t>(ask.priority)];
    level_ = std::clamp((drain + missing / (patience * to_seconds(settings_.settle))) / arrivals, 0.0, 1.0);
  }
  const bool finishing = class_of(ask) == 0;
  const bool important = finishing || ask.priority == Priority::core;
  if (queued_ >= (important ? kMostImportant : kMostQueue) * alarm) return true;
  return !finishing && queued_ > 0 && rank(ask) >= level_;
}

Admission TideLimiter::admit(Instant now, Ask ask) {
  count_arrival(now, ask);
  if (refused(ask)) return {.verdict = Admission::Verdict::refused, .start = now};
  ++queued_;
  return {.start = now};
}

void TideLimiter::started(Instant /*now*/, Nanos queued) {
  if (queued_ > 0) --queued_;
  ++running_;
  if (queued > Nanos{}) workers_ = running_;  // it waited, so every worker is busy now
}

void TideLimiter::finished(Instant /*now*/, const Finish& finish) {
  if (running_ > 0) {
    --running_;
  } else if (queued_ > 0) {
    --queued_;  // its start was never told
  }
  // Also what failed or came too late has held a worker for so long.
  const double held_s = to_seconds(std::max(Nanos{}, finish.latency - finish.queued));
  served_ = std::min(served_ + 1, kMemory);
  mean_s_ += (held_s - mean_s_) / served_;
  square_s2_ += (held_s * held_s - square_s2_) / served_;
}

void TideLimiter::abandoned(Instant /*now*/) {
  if (queued_ > 0) --queued_;
}

}  // namespace tidemark::guard
