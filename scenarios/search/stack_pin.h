// Keeps a running stack on one core while something is measured, so that it and the generator do not take turns on
// either. Every thread of every node gets its old cores back at the end of the scope. Not thread-safe: one owner.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <utility>
#include <vector>

namespace tidemark::search {

class StackPin {
 public:
  // Nodes that share one core already, other than all of the machine's, stay where they are. Without a second core, or
  // where the kernel refuses, nothing is done.
  explicit StackPin(const std::vector<int>& pids);
  ~StackPin();
  StackPin(const StackPin&) = delete;
  StackPin& operator=(const StackPin&) = delete;

  int stack_core() const { return stack_core_; }          // -1: not on one core
  int generator_core() const { return generator_core_; }  // another core; -1 where stack_core() is

 private:
  std::vector<std::pair<pid_t, cpu_set_t>> before_;  // threads
  int stack_core_ = -1, generator_core_ = -1;
};

}  // namespace tidemark::search
