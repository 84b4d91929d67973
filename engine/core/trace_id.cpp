#include "engine/core/trace_id.h"

namespace tidemark {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kTraceparentBytes = 55;  // 00-<32>-<16>-<2>

// Lower-case digits only, as the W3C recommendation asks.
std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const std::size_t digit = kHex.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

}  // namespace

std::string hex16(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = kHex[value >> (4 * i) & 15];
  return text;
}

std::string TraceContext::trace_id() const {
  return hex16(trace_high) + hex16(trace_low);
}

std::string TraceContext::span_id() const {
  return hex16(span);
}

std::string TraceContext::traceparent() const {
  return "00-" + trace_id() + "-" + span_id() + (sampled ? "-01" : "-00");
}

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent) {
  if (traceparent.size() < kTraceparentBytes) return std::nullopt;
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return std::nullopt;
  const auto version = parse_hex(traceparent.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (traceparent.size() > kTraceparentBytes && (*version == 0 || traceparent[kTraceparentBytes] != '-')) {
    return std::nullopt;
  }
  const auto high = parse_hex(traceparent.substr(3, 16)), low = parse_hex(traceparent.substr(19, 16));
  const auto span = parse_hex(traceparent.substr(36, 16)), flags = parse_hex(traceparent.substr(53, 2));
  if (!high || !low || !span || !flags) return std::nullopt;
  const TraceContext context{*high, *low, *span, (*flags & 1) != 0};
  if (!context.valid()) return std::nullopt;
  return context;
}

}  // namespace tidemark
