#include "scenarios/shop/service_time.h"

#include <ctime>
#include <utility>

namespace tidemark::shop {
namespace {

Nanos thread_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec);
}

}  // namespace

ServiceTimes::ServiceTimes(std::uint64_t seed, const std::string& node, std::map<std::string, OperationTime> operations)
    : operations_(std::move(operations)), nothing_{.mean = Nanos{0}}, random_(seed, "service/" + node) {}

const OperationTime* ServiceTimes::find(const std::string& operation) const {
  if (const auto exact = operations_.find(operation); exact != operations_.end()) return &exact->second;
  if (const auto any = operations_.find("*"); any != operations_.end()) return &any->second;
  return &nothing_;
}

ServiceTimes::Drawn ServiceTimes::draw(const OperationTime& time) {
  if (time.mean <= Nanos{0}) return {};
  const double drawn_s = random_.lognormal(to_seconds(time.mean), time.cv);
  const Nanos compute = from_seconds(drawn_s * time.cpu_share);
  return {compute, from_seconds(drawn_s) - compute};
}

void compute_for(Nanos time) {
  if (time <= Nanos{0}) return;
  const Nanos end = thread_cpu() + time;
  std::uint64_t state = 0x9e3779b97f4a7c15U;
  do {
    for (int i = 0; i < 256; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
    }
    asm volatile("" : "+r"(state));  // the result is unused: keeps the loop
  } while (thread_cpu() < end);
}

}  // namespace tidemark::shop
