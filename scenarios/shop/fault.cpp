#include "scenarios/shop/fault.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "engine/core/fault_words.h"
#include "engine/core/words.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr Nanos kSlowest = std::chrono::seconds(60), kLongestBlock = std::chrono::seconds(1);
constexpr double kFactor = 1000;
constexpr std::int64_t kLongestMs = 24 * 3600 * 1000;
constexpr std::size_t kWords = 16, kWordBytes = 128;

const std::array<std::string, 6>& known_words() {
  static const std::array<std::string, 6> kKnown{"slow", "block", "errors", "stall", "kill", "clear"};
  return kKnown;
}

// "50ms" adds, "x3" multiplies.
void slow(FaultWords& words, std::optional<std::string_view> value, Fault& fault) {
  if (!value || !value->starts_with('x')) return words.duration("slow", value, kSlowest, fault.slow_by);
  const auto factor = parse_number(value->substr(1));
  if (!factor || !(*factor >= 1 && *factor <= kFactor)) {
    return words.problem("slow=x must be a factor from 1 to 1000, such as slow=x3");
  }
  fault.slow_factor = *factor;
}

}  // namespace

Result<Fault> parse_fault(std::span<const std::string> texts) {
  FaultWords words(texts);
  Fault fault;
  bool clear = false;
  words.each(known_words(), [&](const std::string& key, std::optional<std::string_view> value) {
    if (key == "slow") {
      slow(words, value, fault);
    } else if (key == "block") {
      words.duration(key, value, kLongestBlock, fault.block);
    } else if (key == "errors") {
      words.share(key, value, fault.errors);
    } else if (key == "stall") {
      words.flag(key, value, fault.stall);
    } else if (key == "kill") {
      words.flag(key, value, fault.kill);
    } else if (key == "clear") {
      words.flag(key, value, clear);
    } else {
      return false;
    }
    return true;
  });
  if ((clear || fault.kill) && texts.size() > 1) words.problem(std::string(clear ? "clear" : "kill") + " stands alone");
  if (!words.clean()) {
    return tl::make_unexpected(
        words.error("a node knows slow=50ms or slow=x3, block=5ms, errors=0.2, stall, kill, and clear"));
  }
  return fault;
}

std::string to_words(const Fault& fault) {
  std::string text;
  const auto add = [&text](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  if (fault.slow_factor != 1) add(fmt::format("slow=x{}", fault.slow_factor));
  if (fault.slow_by != Nanos{0}) add("slow=" + format_duration(fault.slow_by));
  if (fault.block != Nanos{0}) add("block=" + format_duration(fault.block));
  if (fault.errors != 0) add(fmt::format("errors={}", fault.errors));
  if (fault.stall) add("stall");
  if (fault.kill) add("kill");
  return text.empty() ? "clear" : text;
}

std::string to_text(const FaultOrder& order) {
  json text{{"words", order.words}};
  if (order.lasts) text["for_ms"] = std::chrono::ceil<std::chrono::milliseconds>(*order.lasts).count();
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<FaultOrder> parse_fault_order(const std::string& text) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(ExitCode::usage, "fault", "not a JSON object");
  const json words = parsed.value("words", json());
  if (!words.is_array() || words.size() > kWords) {
    return fail(ExitCode::usage, "fault: words", fmt::format("must be a list of at most {} words", kWords));
  }
  FaultOrder order;
  for (const json& word : words) {
    if (!word.is_string() || word.get_ref<const std::string&>().size() > kWordBytes) {
      return fail(ExitCode::usage, "fault: words", fmt::format("must be texts of at most {} bytes", kWordBytes));
    }
    order.words.push_back(word);
  }
  if (const auto lasts = parsed.find("for_ms"); lasts != parsed.end()) {
    const bool whole = lasts->is_number_unsigned();
    const std::uint64_t ms = whole ? lasts->get<std::uint64_t>() : 0;
    if (ms < 1 || ms > static_cast<std::uint64_t>(kLongestMs)) {
      return fail(ExitCode::usage, "fault: for_ms", fmt::format("must be a whole number from 1 to {}", kLongestMs));
    }
    order.lasts = std::chrono::milliseconds(ms);
  }
  return order;
}

}  // namespace tidemark::shop
