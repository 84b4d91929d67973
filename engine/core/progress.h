// What a run has done by the end of one of its seconds: for the terminal, the stream and the metrics endpoint while it
// runs (engine/live), and for whoever decides to end it early. Made by the recorder once a second, off the worker; a
// value that may be copied to any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/core/summary.h"

namespace tidemark {

// Upper bounds of the coarse buckets in which clocks are counted for Prometheus, microseconds; one more bucket holds
// what is above. Two to three a factor of ten: enough to see a limit crossed, few enough for 200 steps.
inline constexpr std::array<std::int64_t, 18> kClockBounds = {
    100,     250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,
    100'000, 250'000, 500'000, 750'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000};

struct CoarseClock {  // since the run's start
  std::array<std::uint64_t, kClockBounds.size() + 1> counts{};
  double sum_us = 0;
};

struct StepProgress {
  std::string step;            // "": the total of all steps
  RequestBook second, so_far;  // in_flight: the level at the second's end
  ThreeClocks clocks;          // of the second
  std::uint64_t slow = 0;      // responses of the second above RunOptions::slow_us, failed ones included
  CoarseClock response, service, lag;
};

struct NodeLevel {  // of a scraped node's last second
  std::string node, service;
  bool missed = false;       // it did not answer: the numbers are the last known ones
  double cpu_share = 0;      // of one core
  double busy_share = 0;     // of its pool; 0 where it is unbounded
  std::uint32_t queued = 0;  // most that waited at once
  std::uint64_t refused = 0;
};

struct GeneratorLevel {                                        // what validity is judged by, of the second
  double cpu_share = 0, run_queue_share = 0, steal_share = 0;  // of one core
  std::uint64_t sends = 0, late_sends = 0;
  double worst_lateness_us = 0;
  std::uint64_t no_descriptor = 0, no_port = 0;
};

struct Progress {
  std::string run_id, title;                     // the scenario's name
  double t_s = 0, length_s = 1, duration_s = 0;  // the second's end and length; of the sending phase
  bool sending = true;                           // false: only the answers under way are waited for
  double offered_rate = 0, achieved_rate = 0;    // requests per second, of the last second: planned, answered well
  FlowBook flows_second, flows;                  // of the second, so far
  StepProgress total;
  std::vector<StepProgress> steps;
  std::map<std::string, std::uint64_t> errors;  // so far, by kind
  std::uint32_t connections = 0;                // open at the second's end
  std::uint64_t waiting = 0;                    // flows waiting for a connection at the second's end
  GeneratorLevel generator;
  std::vector<NodeLevel> nodes;  // in the order of their names
};

}  // namespace tidemark
