#include "scenarios/shop/node_counters.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace tidemark::shop {
namespace {

constexpr std::size_t kFlows = 64;
constexpr std::size_t kProblems = 100;

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void NodeCounters::count_flow(const std::string& flow) {
  if (const auto known = flows_.find(flow); known != flows_.end()) {
    ++known->second;
  } else {
    ++flows_[flows_.size() < kFlows ? flow : "other"];
  }
}

bool NodeCounters::problem(const std::string& text) {
  if (std::find(problems_.begin(), problems_.end(), text) != problems_.end()) return false;
  if (problems_.size() < kProblems) problems_.push_back(text);
  return problems_.size() < kProblems;
}

NodeCounters::Problems NodeCounters::problems(std::optional<std::uint64_t> seen) {
  const auto forget_until = [this](std::uint64_t number) {
    problems_.erase(problems_.begin(), problems_.begin() + static_cast<std::ptrdiff_t>(number - acknowledged_));
    acknowledged_ = number;
  };
  const std::uint64_t end = acknowledged_ + problems_.size();
  if (seen && *seen > acknowledged_ && *seen <= end) forget_until(*seen);
  Problems told{acknowledged_, problems_};
  if (!seen) forget_until(end);
  return told;
}

WatermarkSample NodeCounters::watermark(const std::string& service, const std::string& node,
                                        const guard::WorkerPool::Reading& pool) const {
  WatermarkSample sample;
  sample.node = node;
  sample.service = service;
  sample.cpu_seconds = process_cpu_seconds();
  sample.busy_seconds = pool.busy_seconds;
  sample.wait_seconds = pool.wait_seconds;
  sample.arrived = arrived;
  sample.completed = completed;
  sample.failed = failed;
  sample.refused = refused_before_pool + pool.refused;
  sample.workers = pool.workers;
  sample.in_use = pool.in_use;
  sample.in_use_max = pool.in_use_max;
  sample.queued = pool.queued;
  sample.queued_max = pool.queued_max;
  sample.resident_bytes = resident_bytes();
  for (const auto& [name, counter] : operations_) {
    sample.operation_busy_seconds[name] = counter.busy_seconds;
    sample.operation_completed[name] = counter.completed;
  }
  sample.flow_requests = flows_;
  sample.extra = extra_;
  return sample;
}

}  // namespace tidemark::shop
