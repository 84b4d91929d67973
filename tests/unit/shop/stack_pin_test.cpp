#include "scenarios/search/stack_pin.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace tidemark::search {
namespace {

// A child that waits to be killed.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      for (;;) pause();
    }
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }
  int cores() const {
    cpu_set_t set;
    return sched_getaffinity(pid_, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : -1;
  }

 private:
  pid_t pid_;
};

TEST(StackPin, KeepsTheNodesToOneCoreAndGivesTheirCoresBack) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "skipped: one core";
  const Child one, other;
  const int before = one.cores();
  if (before < 2) GTEST_SKIP() << "skipped: this process may run on one core only";
  {
    const StackPin pin({one.pid(), other.pid()});
    EXPECT_EQ(one.cores(), 1);
    EXPECT_EQ(other.cores(), 1);
    EXPECT_GE(pin.stack_core(), 0);
    EXPECT_GE(pin.generator_core(), 0);
    EXPECT_NE(pin.stack_core(), pin.generator_core());
    // A second one finds them pinned and leaves them there.
    {
      const StackPin again({one.pid(), other.pid()});
      EXPECT_EQ(again.stack_core(), pin.stack_core());
    }
    EXPECT_EQ(one.cores(), 1);
  }
  EXPECT_EQ(one.cores(), before);
  EXPECT_EQ(other.cores(), before);
}

TEST(StackPin, ProcessesThatAreGoneArePassedOver) {
  int gone = 0;
  {
    const Child child;
    gone = child.pid();
  }
  const StackPin pin({gone});
  EXPECT_EQ(pin.stack_core(), -1);
  EXPECT_EQ(pin.generator_core(), -1);
}

}  // namespace
}  // namespace tidemark::search
