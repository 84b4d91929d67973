// Keeps a core from going to sleep while something is measured on it. A virtual machine's core that halts is woken when
// its host gets round to it, at times milliseconds late, and that lateness would be charged to the generator or to the
// stack. While the object lives, a thread of the idle class (SCHED_IDLE: it runs only when nothing else wants the core,
// and gives way at once) spins on `core`. It costs that core's idle time; processor times of other threads do not see
// it.
#pragma once

#include <atomic>
#include <thread>

namespace tidemark::drive {

class WakefulCore {
 public:
  // -1: no core, does nothing. Where the kernel refuses the core or the idle class, does nothing either.
  explicit WakefulCore(int core);
  ~WakefulCore();
  WakefulCore(const WakefulCore&) = delete;
  WakefulCore& operator=(const WakefulCore&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread spinner_;
};

}  // namespace tidemark::drive
