// How long the worker's loop may sleep before the next thing that is due, and how good such sleeps are. A sleep ends
// late by what the kernel and the machine below it need to wake a thread: no schedule on timers is kept better than
// that. So the pacer measures it while it sends, on the same thread and core: now and then, where nothing is due for a
// while, it is woken at an instant in between and notes how late that was (a probe). Pure over `now`; one owner.
#pragma once

#include <cstdint>

#include "engine/core/histogram.h"
#include "engine/core/units.h"

namespace tidemark::drive {

class Pacer {
 public:
  static constexpr std::int64_t kProbeEvery = 5'000'000;  // at most 200 a second: a thousandth of a core
  static constexpr std::int64_t kProbeRoom = 15'000;      // ns to the next due thing; less is no time for a sleep
  static constexpr std::int64_t kHighestFloor = 1'000'000'000;

  struct Options {
    Nanos spin{};        // the last part before an instant is polled, not slept
    bool probe = false;  // measure the floor
  };
  explicit Pacer(const Options& options) : spin_(options.spin.count()), probing_(options.probe) {}

  // The instant to sleep to, with the next thing due at `due`; not after `due`. At or before `at`: do not sleep.
  std::int64_t sleep_until(std::int64_t at, std::int64_t due) {
    if (probe_at_ != kNone && (probe_at_ <= at || probe_at_ >= due)) probe_at_ = kNone;  // overtaken: says nothing
    if (probing_ && probe_at_ == kNone && at >= next_probe_ && due - at >= kProbeRoom) {
      probe_at_ = at + (due - at) / 2;
      next_probe_ = at + kProbeEvery;
    }
    if (probe_at_ != kNone) return probe_at_;
    return due - spin_;
  }

  // The loop woke. A probe counts when nothing but its own timer can have been the reason. Its lateness in nanoseconds
  // goes into `floor`.
  void woke(std::int64_t at, bool by_event, Histogram& floor) {
    if (probe_at_ == kNone || at < probe_at_) return;
    if (!by_event) floor.record(at - probe_at_);
    probe_at_ = kNone;
  }
  bool armed() const { return probe_at_ != kNone; }

 private:
  static constexpr std::int64_t kNone = -1;
  std::int64_t spin_;
  bool probing_;
  std::int64_t probe_at_ = kNone, next_probe_ = 0;
};

}  // namespace tidemark::drive
