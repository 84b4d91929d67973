#include "scenarios/search/stack_pin.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

namespace tidemark::search {
namespace {

std::vector<pid_t> threads_of(int pid) {
  std::vector<pid_t> threads;
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid) + "/task", error);
  if (error) return threads;
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    pid_t thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc()) threads.push_back(thread);
  }
  return threads;
}

std::vector<int> cores_in(const cpu_set_t& set) {
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace

StackPin::StackPin(const std::vector<int>& pids) {
  cpu_set_t own;
  if (sched_getaffinity(0, sizeof(own), &own) != 0) return;
  const std::vector<int> cores = cores_in(own);
  if (cores.size() < 2) return;
  cpu_set_t all;
  CPU_ZERO(&all);
  for (const int pid : pids) {
    for (const pid_t thread : threads_of(pid)) {
      cpu_set_t set;
      if (sched_getaffinity(thread, sizeof(set), &set) != 0) continue;
      before_.emplace_back(thread, set);
      CPU_OR(&all, &all, &set);
    }
  }
  if (before_.empty()) return;
  const std::vector<int> theirs = cores_in(all);
  const bool pinned = theirs.size() == 1;
  stack_core_ = pinned ? theirs.front() : cores[1];
  generator_core_ = *std::find_if(cores.begin(), cores.end(), [this](int core) { return core != stack_core_; });
  if (pinned) {
    before_.clear();
    return;
  }
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(stack_core_), &only);
  for (const auto& [thread, set] : before_) {
    if (sched_setaffinity(thread, sizeof(only), &only) != 0) stack_core_ = generator_core_ = -1;
  }
}

StackPin::~StackPin() {
  for (const auto& [thread, set] : before_) sched_setaffinity(thread, sizeof(set), &set);
}

}  // namespace tidemark::search
