// What the worker hands over at each cut of the run's time, and the mailbox it goes through. The only thing that the
// worker shares with another thread, once a second: the hot path writes plain memory that it owns.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/core/outcome.h"
#include "engine/drive/exchange.h"

namespace tidemark::drive {

// Kinds of errors kept by name; the rest share "other".
inline constexpr std::size_t kMostErrorKinds = 100;

struct SeriesStats {
  RequestBook counts;  // in_flight: level at the interval's end
  Histogram response, service, lag;
  std::uint64_t checks_failed = 0;  // of the failed: answered, but not as asked

  explicit SeriesStats(int digits) : response(digits), service(digits), lag(digits) {}
  bool active() const { return counts.started + counts.ok + counts.failed + counts.timed_out + counts.in_flight > 0; }
};

// What the worker saw of itself in one interval (validity.h judges it).
struct SelfStats {
  std::uint64_t sends = 0,
                late_sends = 0;  // timer-driven sends that were ready to go; of those, > 1 ms after their instant
  std::int64_t worst_lateness_ns = 0;
  std::int64_t cpu_ns = 0, run_queue_ns = 0;  // of the worker's thread: running, but for polls of idle sockets
                                              // until something is due; runnable but waiting for a core
  std::uint64_t no_descriptor = 0, no_port = 0;
  std::uint64_t held_back = 0;  // sends that had to wait for the limit of an approval
  std::uint64_t overflow = 0;   // requests that were due with every connection in use, and waited
};

// Somebody steered the run: from `at_ns` on the open loads' clock runs at `speed`.
struct LoadChange {
  std::int64_t at_ns = 0;
  std::string what;  // "rate", "pause", "resume", "stop"
  double factor = 1, speed = 1;
  std::int64_t end_ns = 0;  // of the sending phase, as it is now; the largest int64: unknown while paused
};

struct IntervalStats {
  std::int64_t start_ns = 0, end_ns = 0;  // since the run's start
  bool ends_second = false, ends_window = false, last = false;
  bool sending = true;                 // lies in the sending phase, not in the drain after it
  FlowBook flows;                      // in_flight: level at the end
  std::uint64_t planned_requests = 0;  // steps of the flows planned in this interval
  std::uint64_t retried = 0;           // requests sent once more, because the server cannot have processed them
  std::vector<SeriesStats> series;
  std::unique_ptr<SeriesStats> total;  // only where the series are too many for three digits each
  SelfStats self;
  Histogram timer_floor{3, 1'000'000'000};  // lateness of probes, in nanoseconds (pacer.h)
  std::vector<LoadChange> changes;
  std::map<std::string, std::uint64_t, std::less<>> errors;
  std::vector<Exchange> failures;             // the first of each kind of the run
  std::map<std::uint32_t, Histogram> groups;  // by number: time of each pass, in microseconds
  std::uint32_t connections = 0;              // open at the end
  std::uint64_t waiting = 0;                  // flows waiting for a connection at the end

  void clear();
  // Counts and histograms are summed, levels (in flight, connections, waiting) and the end are taken over.
  void add(const IntervalStats& later);
  RequestBook book() const;  // over the series
  SeriesStats sum() const;   // over the series, three digits
};

// Thread-safe. The worker gives a full interval and takes an empty one; the recorder does the reverse.
class Mailbox {
 public:
  Mailbox(std::size_t series, int digits, bool separate_total)
      : series_(series), digits_(digits), separate_total_(separate_total) {}

  std::unique_ptr<IntervalStats> empty();
  void put(std::unique_ptr<IntervalStats> full);
  std::unique_ptr<IntervalStats> take();  // waits
  void give_back(std::unique_ptr<IntervalStats> used);

 private:
  const std::size_t series_;
  const int digits_;
  const bool separate_total_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::unique_ptr<IntervalStats>> full_;
  std::vector<std::unique_ptr<IntervalStats>> free_;
};

}  // namespace tidemark::drive
