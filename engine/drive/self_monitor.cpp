#include "engine/drive/self_monitor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace tidemark::drive {

SelfMonitor::~SelfMonitor() {
  if (schedstat_ >= 0) close(schedstat_);
}

SelfMonitor::ThreadTimes SelfMonitor::since_last() {
  timespec cpu{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  const std::int64_t cpu_ns = std::int64_t{cpu.tv_sec} * 1'000'000'000 + cpu.tv_nsec;
  if (!opened_) {
    opened_ = true;
    schedstat_ = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  }
  std::int64_t run_queue_ns = run_queue_ns_;
  char text[128];
  const auto length = schedstat_ < 0 ? -1 : pread(schedstat_, text, sizeof(text) - 1, 0);
  if (length > 0) {
    text[length] = '\0';
    std::int64_t on_core = 0;
    if (std::sscanf(text, "%" SCNd64 " %" SCNd64, &on_core, &run_queue_ns) != 2) run_queue_ns = run_queue_ns_;
  }
  const ThreadTimes times{.cpu_ns = cpu_ns - cpu_ns_, .run_queue_ns = run_queue_ns - run_queue_ns_};
  cpu_ns_ = cpu_ns;
  run_queue_ns_ = run_queue_ns;
  return times;
}

double StealMonitor::since_last() {
  std::ifstream file("/proc/stat");
  const std::string wanted = core_ < 0 ? "cpu" : "cpu" + std::to_string(core_);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    if (name != wanted) continue;
    double total = 0, stolen = 0, value = 0;
    for (int i = 0; i < 8 && fields >> value; ++i) {  // user nice system idle iowait irq softirq steal
      total += value;
      if (i == 7) stolen = value;
    }
    const double share = total > total_ ? (stolen - stolen_) / (total - total_) : 0;
    total_ = total;
    stolen_ = stolen;
    return share;
  }
  return 0;
}

}  // namespace tidemark::drive
