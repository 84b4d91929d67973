// One request and its answer, whole, for a person: what a trace prints and what the first failure of each kind leaves
// in the run directory. Made on the worker's thread as copies of what it has; turned into text elsewhere. Plain values.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/drive/answer_checks.h"
#include "engine/schedule/secrets.h"

namespace tidemark::drive {

struct Exchange {
  // Of a body, and of what is kept of a raw answer beside its header.
  static constexpr std::size_t kMostBytes = 64 * 1024;

  std::string flow, step, origin;  // origin: "http://127.0.0.1:8080"
  std::uint64_t flow_number = 0;
  std::uint32_t hop = 0;  // redirects followed before this request
  Outcome outcome = Outcome::ok;
  std::string kind;     // why it failed; "" when it did not
  std::string request;  // HTTP: as sent, or as it would read in HTTP/1.1; stores: the command's words
  bool sent = false, answered = false;
  std::string raw;  // plain HTTP/1.1: the answer's bytes as received, perhaps not all; see read_raw()
  int status = 0;
  std::string header_lines, body;  // the content decoded
  bool cut = false;                // there was more than kMostBytes
  // Nanoseconds since the run's start.
  std::int64_t planned_ns = 0, sent_ns = 0, ended_ns = 0;
  std::vector<std::pair<std::string, std::string>> captured;
  std::vector<CheckResult> checks;
};

// Fills status, header lines and body from `raw`, as far as the bytes go.
void read_raw(Exchange& exchange);

// What nobody may read taken out (engine/traffic/scrubber.h), and the values of secrets.
void scrub(Exchange& exchange, const schedule::Secrets& secrets);

// A line of failures.ndjson, without the line break; docs/run-directory.md has its fields.
nlohmann::json to_json(const Exchange& exchange);

// For a terminal: the request, the answer, captures, checks and times.
std::string to_text(const Exchange& exchange);

}  // namespace tidemark::drive
