// One hop of one traced request, written to spans.ndjson as Zipkin v2 JSON
// (https://zipkin.io/zipkin-api/#/default/post_spans).
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/core/error.h"

namespace tidemark {

struct Span {
  std::string trace_id, id, parent_id;  // lower-case hex; parent empty at the root
  std::string name;                     // operation, "GET /browse"
  std::string kind;                     // "SERVER", "CLIENT", "PRODUCER", "CONSUMER"
  std::string service;                  // localEndpoint.serviceName
  std::string node;                     // tag "node"
  std::int64_t timestamp_us = 0;        // wall clock, microseconds since the epoch
  std::int64_t duration_us = 0;
  std::map<std::string, std::string> tags;
};

void to_json(nlohmann::json& json, const Span& span);
Result<Span> parse_span(const nlohmann::json& json, std::string_view place);

}  // namespace tidemark
