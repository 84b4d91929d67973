// From the schedule's own time to the run's. They are the same until somebody changes the rate or pauses: from then on
// the rest of the schedule runs at another speed, event for event the same, only closer together or further apart. So a
// run that was changed is still a function of load, seed and the instants of the changes. Pure; one owner.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace tidemark::drive {

class LoadClock {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // All times in nanoseconds since the run's start. kNever for what lies beyond a pause.
  std::int64_t to_run(std::int64_t planned) const;
  std::int64_t to_plan(std::int64_t at) const;
  // From `at` on, which must not be before an earlier change. 0: paused.
  void set_speed(std::int64_t at, double speed);
  double speed() const { return parts_.back().speed; }

 private:
  struct Part {
    std::int64_t run = 0, plan = 0;  // where it begins, on both clocks
    double speed = 1;
  };
  std::vector<Part> parts_ = {Part{}};
};

}  // namespace tidemark::drive
