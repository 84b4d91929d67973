#include "engine/net/gate_rules.h"

#include <fmt/format.h>

#include <array>

#include "engine/core/fault_words.h"
#include "engine/core/words.h"

namespace tidemark::net {
namespace {

constexpr Nanos kLongest = std::chrono::seconds(60);
constexpr std::int64_t kLargestSlice = 65'536;

const std::array<std::string, 5>& known_words() {
  static const std::array<std::string, 5> kKnown{"delay", "reset", "slice", "down", "clear"};
  return kKnown;
}

// "1..64B", "8B"; the B may be left out.
void slice(FaultWords& words, std::optional<std::string_view> value, GateRules& rules) {
  std::string_view text = value.value_or("");
  if (text.ends_with('B')) text.remove_suffix(1);
  const std::size_t dots = text.find("..");
  const auto low = parse_integer(text.substr(0, dots));
  const auto high = dots == std::string_view::npos ? low : parse_integer(text.substr(dots + 2));
  if (!low || !high || *low < 1 || *high < *low || *high > kLargestSlice) {
    return words.problem(fmt::format("slice must be bytes from 1 to {}, such as slice=1..64B", kLargestSlice));
  }
  rules.slice_min = static_cast<std::uint32_t>(*low);
  rules.slice_max = static_cast<std::uint32_t>(*high);
}

}  // namespace

Result<GateRules> parse_gate_rules(std::span<const std::string> texts) {
  FaultWords words(texts);
  GateRules rules;
  bool clear = false;
  words.each(known_words(), [&](const std::string& key, std::optional<std::string_view> value) {
    if (key == "delay") {
      words.duration(key, value, kLongest, rules.delay);
    } else if (key == "reset") {
      words.share(key, value, rules.reset);
    } else if (key == "slice") {
      slice(words, value, rules);
    } else if (key == "down") {
      words.flag(key, value, rules.down);
    } else if (key == "clear") {
      words.flag(key, value, clear);
    } else {
      return false;
    }
    return true;
  });
  if (clear && texts.size() > 1) words.problem("clear stands alone");
  if (!words.clean()) {
    return tl::make_unexpected(words.error("a gate knows delay=20ms reset=0.01 slice=1..64B down, and clear"));
  }
  return rules;
}

std::string to_words(const GateRules& rules) {
  std::string text;
  const auto add = [&text](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  if (rules.delay != Nanos{0}) add("delay=" + format_duration(rules.delay));
  if (rules.reset != 0) add(fmt::format("reset={}", rules.reset));
  if (rules.slice_max != 0) add(fmt::format("slice={}..{}B", rules.slice_min, rules.slice_max));
  if (rules.down) add("down");
  return text.empty() ? "clear" : text;
}

}  // namespace tidemark::net
