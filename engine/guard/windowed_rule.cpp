#include "engine/guard/windowed_rule.h"

#include <algorithm>

namespace tidemark::guard {
namespace {

constexpr Nanos kShortest = std::chrono::microseconds(100);
constexpr std::uint32_t kFewest = 10;

}  // namespace

void WindowedRule::update(const RttSample& sample) {
  if (sample.rtt < kShortest) return;
  current_.sum_s += to_seconds(sample.rtt);
  current_.samples += 1;
  current_.in_flight = std::max(current_.in_flight, sample.in_flight);
  current_.dropped |= sample.dropped;
  if (sample.now <= end_) return;
  const Window done = std::exchange(current_, {});
  end_ = sample.now + window_;
  if (done.samples < kFewest) return;
  rule_->update({.now = sample.now,
                 .rtt = from_seconds(done.sum_s / done.samples),
                 .in_flight = done.in_flight,
                 .dropped = done.dropped});
}

}  // namespace tidemark::guard
