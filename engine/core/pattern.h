// A regular expression over foreign bytes: RE2's syntax and its promise of linear time, so that no pattern and no
// answer can hang the generator (std::regex recurses per byte, backtracking explodes). Matching looks anywhere in the
// text unless the pattern says ^ or $, and is by byte. Copies share the compiled form, which is constant: thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace re2 {
class RE2;
}

namespace tidemark {

class Pattern {
 public:
  static constexpr std::size_t kMostBytes = 1024;       // of the pattern's text
  static constexpr std::int64_t kMostMemory = 1 << 20;  // of its compiled form, in bytes

  Pattern() = default;  // matches nothing
  // Error: code usage, no place; what RE2 has against it.
  static Result<Pattern> compile(const std::string& text);

  const std::string& text() const;  // as written
  int groups() const;               // number of (...) in it
  bool found_in(std::string_view text) const;
  // What group `number` (0: the whole match) matched at the first place where the pattern is found; a view into `text`.
  // nullopt: not found, or the group took no part.
  std::optional<std::string_view> group_in(std::string_view text, int number) const;

 private:
  std::shared_ptr<const re2::RE2> compiled_;  // shared by copies of a scenario's checks and captures
};

}  // namespace tidemark
