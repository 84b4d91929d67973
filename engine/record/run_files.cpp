#include "engine/record/run_files.h"

#include <fmt/format.h>

#include <charconv>

namespace tidemark::record {
namespace {

constexpr std::string_view kTotal = "total";

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '%' && c != ',' && c != '"';
}

std::string escape_step(std::string_view step) {
  std::string text;
  for (const char c : step) {
    if (is_plain(c) && !(text.empty() && step == kTotal)) {
      text.push_back(c);
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::optional<std::string> unescape_step(std::string_view text) {
  std::string step;
  while (!text.empty()) {
    if (text.front() != '%') {
      step.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3) return std::nullopt;
    unsigned char byte = 0;
    if (std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ptr != text.data() + 3) return std::nullopt;
    step.push_back(static_cast<char>(byte));
    text.remove_prefix(3);
  }
  return step;
}

}  // namespace

std::string interval_tag(std::string_view clock, std::string_view step) {
  return fmt::format("{}.{}", clock, step.empty() ? std::string(kTotal) : escape_step(step));
}

std::optional<IntervalTag> parse_interval_tag(std::string_view tag) {
  for (const std::string_view clock : kClocks) {
    if (!tag.starts_with(clock) || tag.size() <= clock.size() + 1 || tag[clock.size()] != '.') continue;
    const std::string_view name = tag.substr(clock.size() + 1);
    if (name == kTotal) return IntervalTag{clock, ""};
    std::optional<std::string> step = unescape_step(name);
    if (!step || step->empty() || interval_tag(clock, *step) != tag) return std::nullopt;
    return IntervalTag{clock, std::move(*step)};
  }
  return std::nullopt;
}

}  // namespace tidemark::record
