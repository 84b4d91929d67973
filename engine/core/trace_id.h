// W3C trace context identifiers. Thread-safe: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

struct TraceContext {
  std::uint64_t trace_high = 0, trace_low = 0, span = 0;
  bool sampled = true;

  bool valid() const { return (trace_high | trace_low) != 0 && span != 0; }
  std::string trace_id() const;     // 32 lower-case hex digits
  std::string span_id() const;      // 16 lower-case hex digits
  std::string traceparent() const;  // 00-<trace>-<span>-<01|00>
  // nullopt unless it is exactly a version-00 traceparent with non-zero ids (higher versions: the first 55 bytes
  // count).
  static std::optional<TraceContext> parse(std::string_view traceparent);
};

std::string hex16(std::uint64_t value);  // 16 lower-case hex digits

}  // namespace tidemark
