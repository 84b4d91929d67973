#include "engine/drive/load_clock.h"

#include <cmath>

namespace tidemark::drive {

std::int64_t LoadClock::to_run(std::int64_t planned) const {
  auto part = parts_.rbegin();
  while (part + 1 != parts_.rend() && planned < part->plan) ++part;
  const std::int64_t since = planned - part->plan;
  if (part->speed == 1 || since == 0) return part->run + since;
  if (part->speed <= 0) return since < 0 ? part->run : kNever;
  const double run = std::round(static_cast<double>(since) / part->speed);
  return run < static_cast<double>(kNever / 2) ? part->run + static_cast<std::int64_t>(run) : kNever;
}

std::int64_t LoadClock::to_plan(std::int64_t at) const {
  auto part = parts_.rbegin();
  while (part + 1 != parts_.rend() && at < part->run) ++part;
  const std::int64_t since = at - part->run;
  if (part->speed == 1) return part->plan + since;
  return part->plan + static_cast<std::int64_t>(std::round(static_cast<double>(since) * part->speed));
}

void LoadClock::set_speed(std::int64_t at, double speed) {
  if (speed == parts_.back().speed) return;
  parts_.push_back({.run = at, .plan = to_plan(at), .speed = speed});
}

}  // namespace tidemark::drive
