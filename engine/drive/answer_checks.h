// Does an answer satisfy its step, and what does the step keep of it? Pure: called by the worker once an answer is
// whole. Thread-safe: no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "engine/drive/answer.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

// The kind of failure for the books ("status 503", "check json /state", "capture order_id"), or nullopt when every
// check held. Without checks a status of 200..399 is asked for. `response` counts from the planned start.
std::optional<std::string> failed_check(const schedule::Step& step, const Answer& answer, Nanos response);

// Fills the captures' slots of `values`. Returns the kind of failure when a capture finds nothing.
std::optional<std::string> take_captures(const CompiledStep& step, const Answer& answer,
                                         std::vector<std::string>& values);

}  // namespace tidemark::drive
