#include "engine/guard/tide_limiter.h"

#include <algorithm>

namespace tidemark::guard {
namespace {

// Moments are the mean of the first ones, then decay over this many answers: a third of a second of a node that serves
// 800 a second, so that a node that turns slow is known to be slow before its queue is long.
constexpr double kMemory = 256;
constexpr double kKnown = 32;    // answers before their variation is believed
constexpr double kMostCv2 = 16;  // one outlier must not open the gate
constexpr double kShareMemory = 64;

// Where each priority's line lies, in multiples of the target: its highest cohort stops at `low`, its lowest at `high`.
struct Band {
  double low, high;
};
constexpr Band kNormal{1.5, 2.5}, kBrowse{0.5, 1}, kShadow{0.25, 0.5};
constexpr Band kCore{0.75, 1};       // of the bound
constexpr double kBoundTargets = 4;  // the bound is at least so many targets
constexpr double kUnderWay = 1.25;   // of the bound: last of all to be refused

}  // namespace

double TideLimiter::drain_rps() const {
  return workers_ == 0 || mean_s_ <= 0 ? 0 : workers_ / mean_s_;
}

double TideLimiter::alarm_requests() const {
  const double cv2 = served_ < kKnown ? 1 : std::clamp(square_s2_ / (mean_s_ * mean_s_) - 1, 0.0, kMostCv2);
  const double alarm = settings_.evidence * (1 + cv2) / (2 * (1 - settings_.stable_load));
  const double drain = drain_rps();
  if (drain <= 0) return alarm;
  return std::clamp<double>(to_seconds(settings_.longest) * drain, settings_.least_queue, alarm);
}

double TideLimiter::line_requests(Ask ask) const {
  const double target = std::max<double>(settings_.least_queue, to_seconds(settings_.target) * drain_rps());
  const double bound = std::max(alarm_requests(), kBoundTargets * target);
  if (ask.under_way && settings_.under_way) return kUnderWay * bound;
  const double important = 1 - (ask.cohort % 128) / 127.0;
  const auto within = [important](Band band) { return band.low + important * (band.high - band.low); };
  switch (ask.priority) {
    case Priority::core:
      return bound * within(kCore);
    case Priority::normal:
      return target * within(kNormal);
    case Priority::browse:
      return target * within(kBrowse);
    case Priority::shadow:
      return target * within(kShadow);
  }
  return 0;
}

// The queue that would stand if nobody had been refused: it grows by every arrival and shrinks at the drain rate.
void TideLimiter::drain_backlog(Instant now) {
  backlog_ = std::max(0.0, backlog_ - drain_rps() * to_seconds(now - backlog_at_));
  backlog_at_ = now;
  if (backlog_ <= 0) alarmed_ = false;
}

Admission TideLimiter::admit(Instant now, Ask ask) {
  const double alarm = alarm_requests();
  if (alarmed_) drain_backlog(now);
  if (!alarmed_ && queued_ + 1 >= alarm) {
    alarmed_ = true;
    backlog_ = alarm;
    backlog_at_ = now;
  }
  bool refused = false;
  if (alarmed_) {
    backlog_ = std::min(backlog_ + 1, alarm);
    refused = queued_ >= line_requests(ask);
  }
  share_ += ((refused ? 0 : 1) - share_) / kShareMemory;
  if (refused) return {.verdict = Admission::Verdict::refused, .start = now};
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
