// Numbers, durations and names as people write them, and the nearest valid word to one that is not valid. Every reader
// of a file that a person wrote uses these, so that "50ms" means the same everywhere. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/units.h"

namespace tidemark {

// The word of `words` nearest to `word` by edit distance (insert, delete, replace, swap neighbours), if it is near
// enough to be what was meant: at most a third of its letters, rounded up, differ.
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> words);
// " (did you mean 'x'?)" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> words);

// "250ns", "50us", "50ms", "1.5s", "2m", "1h", or "0". nullopt when malformed or beyond +-292 years.
std::optional<Nanos> parse_duration(std::string_view text);
// The shortest exact form that parse_duration reads back: "1500ms".
std::string format_duration(Nanos duration);
// A finite decimal number and nothing else.
std::optional<double> parse_number(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace tidemark
