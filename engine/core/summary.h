// The end of a run in one struct: summary.json, `--json` and the first table of the report. docs/run-directory.md has
// its schema (scenarios/schema/summary.schema.json is the published one).
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/histogram.h"
#include "engine/core/outcome.h"

namespace tidemark {

struct ThreeClocks {
  Quantiles response_us, service_us, lag_us;
};

struct StepSummary {
  RequestBook requests;
  ThreeClocks clocks;
};

struct ThresholdResult {
  std::string expression;                                      // as written: "response.p99 < 86ms"
  double limit = 0, value = 0, value_low = 0, value_high = 0;  // value with its two-sided 95 % interval
  std::string verdict;                                         // "pass" | "fail" | "undecided"
  std::string where;                                           // the node that decided, for a condition on watermarks
  double at_s = -1;  // the end of the worst window, for a condition on windows or watermarks; -1: none
};

struct NodeSummary {
  std::string service;
  double cpu_share_max = 0;   // of one core, over one second
  double busy_share_max = 0;  // of the pool
  double busy_share_max_t_s = 0;
  std::uint32_t queued_max = 0;
  std::uint64_t refused = 0;
  double saturated_at_s = -1;  // start of the first 3 s with busy share >= 0.9, or wait above service; -1: never
  std::string saturated_by;    // "workers" | "cpu" | "wait" | ""
  std::uint64_t missed_samples = 0;
};

struct Leak {
  std::string where;  // "store/live/orders", "node payment-1"
  std::string what;   // one line for a person
};

struct Summary {
  std::string run_id;
  bool partial = false;  // the run did not end by itself: totals come from the intervals on disk
  double duration_s = 0;
  FlowBook flows;
  RequestBook requests;
  double offered_rate = 0, achieved_rate = 0;  // requests per second of the sending phase: planned, completed
  ThreeClocks clocks;
  // How late a sleep of the generator's thread ended, probed while it sent: lag below this is out of reach for it.
  Quantiles timer_floor_us;
  std::uint64_t overflowed = 0;  // requests that were due with every connection in use, and waited for one
  std::map<std::string, StepSummary> by_step;
  std::uint64_t retried = 0;  // requests sent once more, because the server cannot have processed them; counted once
  std::map<std::string, Quantiles> by_group;    // microseconds of each pass through a group, think times left out
  std::map<std::string, std::uint64_t> errors;  // kind -> count, at most 100 kinds of 256 bytes, the rest in "other"
  std::map<std::string, NodeSummary> nodes;
  std::string first_saturated;  // node and resource, "" when none
  std::vector<ThresholdResult> thresholds;
  bool audited = false;
  std::vector<Leak> leaks;
  std::string validity = "valid";  // "valid" | "generator-limited" | "environment-limited"
  std::vector<std::string> validity_reasons;
  std::vector<std::string> notes;  // what a reader of the numbers must know: "certificates were not verified"
  std::string verdict = "pass";    // "pass" | "fail" | "undecided"
  std::string stopped_by;          // the threshold that ended the run, as written; "" when none did
  std::string stop_reason;         // "", "interrupted", "terminated", "tag-undecided at product-1", ...
};

void to_json(nlohmann::json& json, const Summary& summary);
Result<Summary> parse_summary(const nlohmann::json& json, std::string_view place);

// The exit code that a finished run's summary stands for: partial 5, stopped by a threshold 99, invalid 6, undecided 7,
// fail 99, pass 0. A rule that stopped the run decides before validity does: it is what somebody asked to be told.
ExitCode exit_code_of(const Summary& summary);

}  // namespace tidemark
