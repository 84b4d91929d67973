// What a simulation saw, in memory. Thread-safe: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/core/outcome.h"
#include "engine/guard/limiter.h"
#include "models/twin/frame.h"

namespace tidemark::twin {

inline constexpr std::size_t kPriorityCount = guard::kPriorities;

// A short stretch of time, by priority. Started where the step started, ended where it ended.
struct Window {
  double start_s = 0;
  std::array<std::uint32_t, kPriorityCount> started{}, ok{}, good{}, refused{}, failed{};  // failed: timed out too
  double ok_seconds = 0;  // sum of the response times of those that ended well
};

struct StepResult {
  std::string flow, step;
  RequestBook requests;  // in_flight: the level now; the rest since the last reset
  Histogram response;    // microseconds, of every step that ended, from its planned start
};

struct PriorityResult {
  std::uint64_t started = 0, ok = 0, good = 0, refused = 0, failed = 0;
  Histogram response;  // microseconds, of those that ended well
};

struct Results {
  double from_s = 0, to_s = 0;
  FlowBook flows;
  std::vector<StepResult> steps;
  std::array<PriorityResult, kPriorityCount> priorities;
  std::vector<Window> windows;
  std::array<std::uint64_t, kAnswers> answers{};  // of steps, by Answer
  std::uint64_t events = 0;   // popped from the queue, and arrivals of flows; timers that had nothing to do left out
  std::uint64_t retries = 0;  // calls made once more
  std::uint64_t trips = 0;    // of breakers, since the start
};

}  // namespace tidemark::twin
