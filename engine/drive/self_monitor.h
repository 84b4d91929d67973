// What the kernel says of this thread and this machine: CPU time, time spent runnable without a core, and steal.
// Reading it costs two small files a second. Each object belongs to one thread; the thread counters are those of the
// thread that calls.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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

// What else the machine, and the cgroup that this process lives in, say of themselves. Each file is opened once; where
// there is none (no PSI, no quota), its numbers stay 0.
class MachineMonitor {
 public:
  struct Second {
    double throttled_share = 0;     // the process was held by its CPU quota
    double memory_stall_share = 0;  // every task waited for memory
    std::uint64_t available_bytes = 0, total_bytes = 0;
  };
  MachineMonitor();
  ~MachineMonitor();
  MachineMonitor(const MachineMonitor&) = delete;
  MachineMonitor& operator=(const MachineMonitor&) = delete;

  // `elapsed_s`: since the last call, what the shares are of.
  Second since_last(double elapsed_s);

 private:
  int cgroup_stat_ = -1, memory_pressure_ = -1, memory_ = -1;
  double throttled_s_ = 0, stalled_s_ = 0;
};

// The path of this process's cpu.stat, cgroup v2 or v1, from the text of /proc/self/cgroup; "" for none. `exists` is
// asked for each candidate.
std::string cpu_stat_path(std::string_view own_cgroups, const std::function<bool(const std::string&)>& exists);
// Seconds of throttling in a cpu.stat of either version: throttled_usec, or throttled_time in nanoseconds.
double throttled_seconds(std::string_view cpu_stat);
// Seconds in which every task stalled, of a file in /proc/pressure.
double stalled_seconds(std::string_view pressure);

}  // namespace tidemark::drive
