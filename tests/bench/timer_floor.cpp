// How late a thread wakes by each way of sleeping to an absolute instant, interleaved on one core: epoll_pwait2 with
// the distance computed just before, a timerfd armed with the instant itself (in the same epoll), clock_nanosleep.
// usage: timer_floor [CORE=0] [SLEEPS=20000] [GAP_US=100]     prints microseconds, and the cost of one sleep in CPU
// time
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
std::int64_t now() {
  return read_clock(CLOCK_MONOTONIC);
}
timespec spec(std::int64_t nanos) {
  return {.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
}

struct Way {
  const char* name;
  std::vector<std::int64_t> late;
  std::int64_t cpu = 0;
};

void report(Way& way) {
  std::sort(way.late.begin(), way.late.end());
  const auto at = [&](double q) {
    const auto last = static_cast<double>(way.late.size() - 1);
    return static_cast<double>(way.late[static_cast<std::size_t>(q * last)]) / 1000;
  };
  std::printf("%-16s p50 %7.2f  p90 %7.2f  p99 %7.2f  p99.9 %8.2f  max %9.2f us late; %5.2f us CPU a sleep\n", way.name,
              at(0.5), at(0.9), at(0.99), at(0.999), at(1),
              static_cast<double>(way.cpu) / 1000 / static_cast<double>(way.late.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const int core = argc > 1 ? std::atoi(argv[1]) : 0;
  const int sleeps = argc > 2 ? std::atoi(argv[2]) : 20'000;
  const std::int64_t gap = (argc > 3 ? std::atoi(argv[3]) : 100) * std::int64_t{1000};
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(core), &only);
  pthread_setaffinity_np(pthread_self(), sizeof(only), &only);
  prctl(PR_SET_TIMERSLACK, 1UL);
  const sched_param first{.sched_priority = 1};
  const bool real_time = sched_setscheduler(0, SCHED_FIFO, &first) == 0;  // as the generator's worker does
  std::printf("core %d, %s, %d sleeps each of %lld us\n", core, real_time ? "SCHED_FIFO" : "no real-time priority",
              sleeps, static_cast<long long>(gap / 1000));
  const int plain = epoll_create1(0), timed = epoll_create1(0);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(timed, EPOLL_CTL_ADD, timer, &event);
  Way ways[3] = {{"epoll_pwait2", {}}, {"timerfd", {}}, {"clock_nanosleep", {}}};
  for (int i = 0; i < sleeps; ++i) {
    for (int way = 0; way < 3; ++way) {
      const std::int64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
      const std::int64_t due = now() + gap;
      if (way == 0) {
        const timespec distance = spec(std::max<std::int64_t>(due - now(), 0));
        epoll_pwait2(plain, &event, 1, &distance, nullptr);
      } else if (way == 1) {
        const itimerspec instant{.it_interval = {}, .it_value = spec(due)};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &instant, nullptr);
        epoll_wait(timed, &event, 1, -1);  // the next settime clears it: no read needed
      } else {
        const timespec instant = spec(due);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &instant, nullptr);
      }
      ways[way].late.push_back(now() - due);
      ways[way].cpu += read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
  }
  for (Way& way : ways) report(way);
  return 0;
}
