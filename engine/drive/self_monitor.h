// What the kernel says of this thread and this machine: CPU time, time spent runnable without a core, and steal.
// Reading it costs two small files a second. Each object belongs to one thread; the thread counters are those of the
// thread that calls.
#pragma once

#include <cstdint>

namespace tidemark::drive {

class SelfMonitor {
 public:
  struct ThreadTimes {
    std::int64_t cpu_ns = 0, run_queue_ns = 0;  // since the last call; 0 where the kernel does not say
  };
  SelfMonitor() = default;
  ~SelfMonitor();
  SelfMonitor(const SelfMonitor&) = delete;
  SelfMonitor& operator=(const SelfMonitor&) = delete;

  ThreadTimes since_last();

 private:
  int schedstat_ = -1;
  bool opened_ = false;
  std::int64_t cpu_ns_ = 0, run_queue_ns_ = 0;
};

class StealMonitor {
 public:
  // core -1: the mean over all cores.
  explicit StealMonitor(int core) : core_(core) {}
  // Share of the time since the last call that the host gave to somebody else, 0..1.
  double since_last();

 private:
  int core_;
  double total_ = 0, stolen_ = 0;
};

}  // namespace tidemark::drive
