#include "engine/drive/wakeful_core.h"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>

namespace tidemark::drive {
namespace {

bool move_to_idle_of(int core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(core), &only);
  const sched_param none{};
  return pthread_setaffinity_np(pthread_self(), sizeof(only), &only) == 0 &&
         sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

}  // namespace

WakefulCore::WakefulCore(int core) {
  if (core < 0 || core >= CPU_SETSIZE) return;
  spinner_ = std::thread([this, core] {
    if (!move_to_idle_of(core)) return;
    while (!stop_.load(std::memory_order_relaxed)) _mm_pause();
  });
}

WakefulCore::~WakefulCore() {
  stop_.store(true, std::memory_order_relaxed);
  if (spinner_.joinable()) spinner_.join();
}

}  // namespace tidemark::drive
