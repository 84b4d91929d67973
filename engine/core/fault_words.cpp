#include "engine/core/fault_words.h"

#include <set>

#include "engine/core/words.h"

namespace tidemark {
namespace {

constexpr std::size_t kWords = 16, kWordBytes = 128;

}  // namespace

void FaultWords::each(std::span<const std::string> known,
                      const std::function<bool(const std::string&, std::optional<std::string_view>)>& take) {
  if (words_.size() > kWords) return problem("more than " + std::to_string(kWords) + " words");
  std::set<std::string> seen;
  for (const std::string& word : words_) {
    if (word.size() > kWordBytes) {
      problem("a word longer than " + std::to_string(kWordBytes) + " bytes");
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (!seen.insert(key).second) {
      problem("'" + key + "' is written twice");
      continue;
    }
    const auto value =
        equals == std::string::npos ? std::nullopt : std::optional(std::string_view(word).substr(equals + 1));
    if (!take(key, value)) problem("'" + word + "' is no fault" + did_you_mean(key, known));
  }
}

Error FaultWords::error(const std::string& advice) const {
  std::string what;
  for (const auto& line : problems_) what += (what.empty() ? "" : "\n") + line;
  return {ExitCode::usage, "fault", what, advice};
}

void FaultWords::duration(const std::string& key, std::optional<std::string_view> value, Nanos high, Nanos& out) {
  const auto parsed = value ? parse_duration(*value) : std::nullopt;
  if (!parsed || *parsed < Nanos{0} || *parsed > high) {
    return problem(key + " must be a time up to " + format_duration(high) + ", such as " + key + "=20ms");
  }
  out = *parsed;
}

void FaultWords::share(const std::string& key, std::optional<std::string_view> value, double& out) {
  const bool percent = value && value->ends_with('%');
  const auto number = value ? parse_number(percent ? value->substr(0, value->size() - 1) : *value) : std::nullopt;
  const double share = number ? *number / (percent ? 100 : 1) : -1;
  if (!(share >= 0 && share <= 1)) return problem(key + " must be a share from 0 to 1, such as " + key + "=0.2");
  out = share;
}

void FaultWords::flag(const std::string& key, std::optional<std::string_view> value, bool& out) {
  if (value) return problem(key + " takes no value");
  out = true;
}

}  // namespace tidemark
