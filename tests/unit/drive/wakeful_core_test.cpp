// A core that is kept awake: the spinner gives way, ends with its object, and refuses quietly what it cannot have.
#include "engine/drive/wakeful_core.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <vector>

namespace tidemark::drive {
namespace {

std::vector<pid_t> threads() {
  std::vector<pid_t> ids;
  DIR* directory = opendir("/proc/self/task");
  for (const dirent* entry = readdir(directory); entry != nullptr; entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ids.push_back(std::atoi(entry->d_name));
  }
  closedir(directory);
  return ids;
}

int idle_class_threads() {
  int count = 0;
  for (const pid_t id : threads()) count += sched_getscheduler(id) == SCHED_IDLE;
  return count;
}

int first_allowed_core() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int core = 0;
  while (!CPU_ISSET(static_cast<std::size_t>(core), &allowed)) ++core;
  return core;
}

TEST(WakefulCore, SpinsInTheIdleClassForAsLongAsItLives) {
  const auto before = threads().size();
  {
    const WakefulCore awake(first_allowed_core());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (idle_class_threads() == 0 && std::chrono::steady_clock::now() < deadline) sched_yield();
    EXPECT_EQ(idle_class_threads(), 1);
  }
  EXPECT_EQ(idle_class_threads(), 0);
  EXPECT_EQ(threads().size(), before);
}

TEST(WakefulCore, DoesNothingWithoutACore) {
  const auto before = threads().size();
  const WakefulCore none(-1), absurd(1 << 20);
  EXPECT_EQ(threads().size(), before);
}

TEST(WakefulCore, EndsAtOnceOnACoreThatIsNotThere) {
  const auto before = threads().size();
  { const WakefulCore absent(1000); }
  EXPECT_EQ(threads().size(), before);
}

}  // namespace
}  // namespace tidemark::drive
