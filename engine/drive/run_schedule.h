// When a run sends: the arrivals of its open loads, the users of its closed ones, the marks of its load stages and the
// length of its sending phase.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/drive/runner.h"
#include "engine/drive/user_pool.h"

namespace tidemark::drive {

struct RunSchedule {
  bool open = true;                                   // at least one load is
  std::unique_ptr<schedule::ArrivalStream> arrivals;  // nullptr: all loads are closed
  std::vector<UserPool> users;
  std::vector<schedule::ArrivalStream::StageMark> stages;  // never empty
  Nanos duration{};                                        // until the last load ends
  Nanos open_duration{};                                   // until the last open one does
  Nanos grace{};                                           // for what is under way then
  std::vector<std::string> notes;                          // what was repaired in a shape or a log that was read
};

// Exit 2 for a load that plans nothing. A replay's arrivals are moved out of `options`.
Result<RunSchedule> make_schedule(RunOptions& options);

// A scenario that names an access log gets it loaded into options.replay; its flows are then those of the log.
Result<void> load_replay(RunOptions& options);

}  // namespace tidemark::drive
