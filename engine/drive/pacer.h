// How long the worker's loop may sleep before the next thing that is due, and how good such sleeps are. A sleep ends
// late by what the kernel and the machine below it need to wake a thread: no schedule on timers is kept better than
// that. So the pacer measures it while it sends, on the same thread and core: now and then, where nothing is due for a
// while, it is woken at an instant in between and notes how late that was (a probe).
//
// What every sleep is late by at the least need not become lag: sleeps are aimed that much before what is due (the
// lead: the 5th percentile of the lateness seen, at most 20 us). One in twenty then ends too early, and the loop looks
// at its sockets instead of sleeping until it is due. Pure over `now`; one owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/core/histogram.h"
#include "engine/core/units.h"

namespace tidemark::drive {

class Pacer {
 public:
  static constexpr std::int64_t kProbeEvery = 5'000'000;  // at most 200 a second: a thousandth of a core
  static constexpr std::int64_t kProbeRoom = 15'000;      // ns to the next due thing; less is no time for a sleep
  static constexpr std::int64_t kMostLead = 20'000;       // ns; a machine that wakes later than this always is late
  static constexpr int kFirstSleeps = 16;                 // before them there is no lead
  static constexpr std::int64_t kHighestFloor = 1'000'000'000;

  struct Options {
    Nanos spin{};        // the last part before an instant is polled, not slept
    bool probe = false;  // measure the floor
  };
  explicit Pacer(const Options& options) : spin_(options.spin.count()), probing_(options.probe) {}

  // The instant to sleep to, with the next thing due at `due`; not after `due`. At or before `at`: do not sleep.
  std::int64_t sleep_until(std::int64_t at, std::int64_t due) {
    if (probe_at_ != kNone && (probe_at_ <= at || probe_at_ >= due)) probe_at_ = kNone;  // overtaken: says nothing
    if (probing_ && probe_at_ == kNone && at >= next_probe_ && due - at >= kProbeRoom) probe_at_ = at + (due - at) / 2;
    target_ = probe_at_ != kNone ? probe_at_ : due - std::max(spin_, lead());
    slept_ = target_ > at;
    return target_;
  }

  // The loop woke. A sleep says how late it ended when nothing but its own timer can have been the reason; a probe's
  // lateness in nanoseconds also goes into `floor`.
  void woke(std::int64_t at, bool by_event, Histogram& floor) {
    if (!slept_ || at < target_) return;
    slept_ = false;
    if (!by_event) learn(at - target_);
    if (probe_at_ == kNone) return;
    if (!by_event) {
      floor.record(at - probe_at_);
      next_probe_ = at + kProbeEvery;
    }
    probe_at_ = kNone;
  }
  bool armed() const { return probe_at_ != kNone; }
  // How much before what is due a sleep is aimed, ns.
  std::int64_t lead() const { return learnt_ < kFirstSleeps ? 0 : std::min(lead_, kMostLead); }

 private:
  static constexpr std::int64_t kNone = -1;

  // A quantile followed with constant steps (Robbins, Monro 1951): 19 small ones up balance one down.
  void learn(std::int64_t late) {
    constexpr std::int64_t kUp = 10, kDown = 190;
    if (learnt_ < kFirstSleeps) {
      lead_ = learnt_++ == 0 ? late : std::min(lead_, late);
    } else {
      lead_ = std::max<std::int64_t>(0, late > lead_ ? lead_ + kUp : lead_ - kDown);
    }
  }

  std::int64_t spin_;
  bool probing_;
  std::int64_t target_ = 0;  // of the last sleep
  bool slept_ = false;
  std::int64_t probe_at_ = kNone, next_probe_ = 0;
  std::int64_t lead_ = 0;
  int learnt_ = 0;
};

}  // namespace tidemark::drive
