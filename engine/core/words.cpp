#include "engine/core/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace tidemark {
namespace {

// Optimal string alignment distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
constexpr std::array<Unit, 6> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

}  // namespace

std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> words) {
  if (word.empty() || word.size() > 64) return std::nullopt;
  std::size_t best = (word.size() + 2) / 3 + 1;
  std::optional<std::string> nearest;
  for (const std::string& candidate : words) {
    if (candidate.size() > word.size() + best || candidate.size() + best < word.size()) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best || distance >= std::max(word.size(), candidate.size())) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> words) {
  const auto nearest = nearest_word(word, words);
  return nearest ? fmt::format(" (did you mean '{}'?)", *nearest) : "";
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Nanos> parse_duration(std::string_view text) {
  if (text == "0") return Nanos{};
  std::size_t letters = text.size();
  while (letters > 0 && text[letters - 1] >= 'a' && text[letters - 1] <= 'z') --letters;
  const auto unit = std::ranges::find(kUnits, text.substr(letters), &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  const std::string_view digits = text.substr(0, letters);
  // Whole numbers stay exact; a fraction is rounded to the nanosecond.
  if (const auto whole = parse_integer(digits)) {
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(*whole, unit->nanos, &nanos)) return std::nullopt;
    return Nanos{nanos};
  }
  const auto value = parse_number(digits);
  if (!value) return std::nullopt;
  const double nanos = std::round(*value * static_cast<double>(unit->nanos));
  if (std::abs(nanos) > 9.2e18) return std::nullopt;
  return Nanos{static_cast<std::int64_t>(nanos)};
}

std::string format_duration(Nanos duration) {
  if (duration == Nanos{}) return "0s";
  for (const std::size_t unit : {3U, 2U, 1U}) {  // s, ms, us: minutes read worse than seconds
    const std::int64_t nanos = kUnits[unit].nanos;
    if (duration.count() % nanos == 0) return fmt::format("{}{}", duration.count() / nanos, kUnits[unit].name);
  }
  return fmt::format("{}ns", duration.count());
}

}  // namespace tidemark
