// What one node said of itself in one second: the row of watermarks.ndjson, and the body of every node's GET
// /watermark. Totals are monotone since the node started and never reset by a read; maxima belong to the last whole
// second.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/core/error.h"

namespace tidemark {

struct WatermarkSample {
  double t_s = 0;       // seconds since the run's start, set by the scraper
  std::string node;     // "product-2"
  std::string service;  // "product"
  bool missed = false;  // the node did not answer in time: every number below is absent

  // Monotone integrals, seconds.
  double cpu_seconds = 0;   // process CPU clock
  double busy_seconds = 0;  // worker-slots held, integrated over time
  double wait_seconds = 0;  // requests waiting for a worker, integrated over time
  // Monotone counts.
  std::uint64_t arrived = 0, completed = 0, failed = 0, refused = 0;
  // Levels now, and the maxima of the last whole second.
  std::uint32_t workers = 0;  // size of the pool; 0: unbounded
  std::uint32_t in_use = 0, in_use_max = 0, queued = 0, queued_max = 0;
  std::uint64_t resident_bytes = 0;
  // Monotone busy seconds and completed counts per operation ("get", "search"): mean service time by difference.
  std::map<std::string, double> operation_busy_seconds;
  std::map<std::string, std::uint64_t> operation_completed;
  // Requests per flow of the tag (at most 64 flows; the rest under "other"), monotone.
  std::map<std::string, std::uint64_t> flow_requests;
  // Anything a service adds, monotone unless its name ends in "_now": cache_hits, cache_misses, slow_queries, ...
  std::map<std::string, double> extra;
};

void to_json(nlohmann::json& json, const WatermarkSample& sample);
// Unknown fields are ignored; a missing or ill-typed one is an Error naming it.
Result<WatermarkSample> parse_watermark(const nlohmann::json& json, std::string_view place);

}  // namespace tidemark
