// Does an answer satisfy its step, and what does the step keep of it? Pure: called by the worker once an answer is
// whole. Thread-safe: no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "engine/drive/answer.h"
#include "engine/drive/cookie_jar.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

// The kind of failure for the books ("status 503", "check json /state", "capture order_id"), or nullopt when every
// check held. Without checks a status of 200..399 is asked for. `response` counts from the planned start.
std::optional<std::string> failed_check(const schedule::Step& step, const Answer& answer, Nanos response);

// What the step's captures take, in their order, into `taken` (resized). Returns the kind of failure when a capture
// without a default finds nothing. `cookies`: where a cookie is looked for when the answer itself does not set it.
std::optional<std::string> take_captures(const schedule::Step& step, const Answer& answer, const CookieJar* cookies,
                                         std::vector<std::string>& taken);

// Every check of the step and whether it held, for a person ("status 200", "json /state").
struct CheckResult {
  std::string text;
  bool held = false;
};
std::vector<CheckResult> every_check(const schedule::Step& step, const Answer& answer, Nanos response);

}  // namespace tidemark::drive
