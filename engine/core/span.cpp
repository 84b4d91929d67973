#include "engine/core/span.h"

#include <nlohmann/json.hpp>

#include "engine/core/json_fields.h"

namespace tidemark {
namespace {

bool is_hex(const std::string& id, std::size_t length) {
  return id.size() == length && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

tl::unexpected<Error> refuse(std::string_view place, std::string what) {
  return fail(ExitCode::usage, std::string(place), std::move(what));
}

}  // namespace

void to_json(nlohmann::json& json, const Span& span) {
  nlohmann::json tags = span.tags;
  tags["node"] = span.node;
  json = {{"traceId", span.trace_id},
          {"id", span.id},
          {"name", span.name},
          {"kind", span.kind},
          {"timestamp", span.timestamp_us},
          {"duration", span.duration_us},
          {"localEndpoint", {{"serviceName", span.service}}},
          {"tags", std::move(tags)}};
  if (!span.parent_id.empty()) json["parentId"] = span.parent_id;
}

Result<Span> parse_span(const nlohmann::json& json, std::string_view place) {
  Span span;
  JsonFields fields(json, place);
  fields.text("traceId", span.trace_id);
  fields.text("id", span.id);
  if (fields.has("parentId")) fields.text("parentId", span.parent_id);
  fields.text("name", span.name);
  fields.one_of("kind", {"SERVER", "CLIENT", "PRODUCER", "CONSUMER"}, span.kind);
  fields.integer("timestamp", span.timestamp_us);
  fields.integer("duration", span.duration_us);
  fields.object("localEndpoint", [&](JsonFields& endpoint) { endpoint.text("serviceName", span.service); });
  fields.texts_by_name("tags", span.tags);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  if (!is_hex(span.trace_id, 32) && !is_hex(span.trace_id, 16))
    return refuse(place, "traceId is not 16 or 32 hex digits");
  if (!is_hex(span.id, 16)) return refuse(place, "id is not 16 hex digits");
  if (!span.parent_id.empty() && !is_hex(span.parent_id, 16)) return refuse(place, "parentId is not 16 hex digits");
  if (span.timestamp_us < 0 || span.duration_us < 0) return refuse(place, "timestamp or duration is negative");
  const auto node = span.tags.find("node");
  if (node == span.tags.end()) return refuse(place, "tags.node is missing");
  span.node = node->second;
  span.tags.erase(node);
  return span;
}

}  // namespace tidemark
