// Did the generator, or the machine around it, distort the measurement? Not the verdict: an invalid run says nothing
// about the target. Pure over samples; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::drive {

struct ValiditySample {  // one second of the sending phase
  double length_s = 1;
  std::uint64_t sends = 0;  // timer-driven sends that were ready to go, whether or not a connection was free
  std::uint64_t late_sends =
      0;                       // of those: handed over > 1 ms after their instant. Waiting for the server never counts.
  double cpu_share = 0;        // of one core: the worker's thread
  double run_queue_share = 0;  // the worker was runnable but another thread had its core
  double steal_share = 0;      // the host ran somebody else
  std::uint64_t no_descriptor = 0, no_port = 0;
  std::uint64_t held_back = 0;    // sends that waited for the limit of an approval
  double throttled_share = 0;     // of the time: the process was held by the CPU quota of its cgroup
  double memory_stall_share = 0;  // of the time: every task of the machine waited for memory (PSI "full")
  std::uint64_t available_bytes = 0, total_bytes = 0;  // memory of the machine; 0: not known
};

struct ValidityInput {
  bool open_model = true;  // the closed model has no schedule to be late for
  std::vector<ValiditySample> samples;
  std::uint64_t dropped = 0, planned = 0;  // flows
  double worst_lateness_ms = 0;
};

struct Validity {
  std::string word = "valid";  // "valid" | "generator-limited" | "environment-limited"
  std::vector<std::string> reasons;
};

// environment-limited: a connection failed for lack of descriptors or ports, or steal above 10 % in 3 seconds, or the
// machine waited for memory for more than 10 % of 3 seconds or had less than 1 % of it left, or an approval's limit
// held back more than 1 % of the sends. generator-limited: more than 1 % of the sends late, or the worker above 85 % of
// its core in 3 whole seconds, or flows dropped because connections and queue were full: what was sent is not what was
// planned.
Validity judge_validity(const ValidityInput& input);

}  // namespace tidemark::drive
