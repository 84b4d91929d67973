// When a run sends: the arrivals, the marks of its load stages and the length of its sending phase, for each of the
// three kinds of load.
#pragma once

#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/drive/runner.h"

namespace tidemark::drive {

struct RunSchedule {
  bool open = true;                                        // the open model
  std::unique_ptr<schedule::ArrivalStream> arrivals;       // nullptr: closed model
  std::vector<schedule::ArrivalStream::StageMark> stages;  // never empty
  Nanos duration{};
};

// Exit 2 for a load that plans nothing. A replay's arrivals are moved out of `options`.
Result<RunSchedule> make_schedule(RunOptions& options);

// A scenario that names an access log gets it loaded into options.replay; its flows are then those of the log.
Result<void> load_replay(RunOptions& options);

}  // namespace tidemark::drive
