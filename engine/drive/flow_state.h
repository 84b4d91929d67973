// What a flow carries from request to request beyond its place in the list of steps: values, cookies, where it is in
// its program, a redirect being followed. Only flows that need any of it have one. Plain values; one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/drive/cookie_jar.h"
#include "engine/drive/flow_program.h"

namespace tidemark::drive {

// Where a redirect has led the current request.
struct Hop {
  std::uint32_t count = 0;  // redirects followed
  std::uint32_t origin = 0;
  std::string method, target;
  bool sends_body = true;
  bool left_origin = false;  // not where the step was written for: no credentials
};

struct FlowState {
  std::vector<std::string> values;  // of the variables, captures and calls, by slot
  Random draws;                     // the flow's own: what it draws does not depend on the flows beside it
  CookieJar cookies;
  FlowPosition position;
  std::unique_ptr<Hop> hop;  // nullptr: the step's own request
  std::string sent;          // the current request's bytes, where a Lua function behind it may change the values

  explicit FlowState(Random own) : draws(own) {}
};

}  // namespace tidemark::drive
