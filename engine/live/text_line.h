// A line of a terminal: pieces of text with a style, cut to a number of columns. Names come from outside, so control
// characters are made harmless here. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::live {

enum class Style { plain, label, good, bad, warn };

// Columns that `text` takes: 2 for East Asian wide characters and emoji, 0 for combining marks.
int columns_of(std::string_view text);
// The same of a rendered line: ANSI colours in it take none.
int columns_of_coloured(std::string_view line);
// Cut to `columns` with "…" in the last one where something was cut; control characters and bytes that are not UTF-8
// become "?".
std::string fit(std::string_view text, int columns);
// The same, filled up with spaces on the right.
std::string pad(std::string_view text, int columns);

class TextLine {
 public:
  TextLine& add(std::string_view text, Style style = Style::plain);
  // At most `columns` wide; ANSI colours around the pieces where `colour`.
  std::string render(int columns, bool colour) const;

 private:
  struct Piece {
    std::string text;
    Style style;
  };
  std::vector<Piece> pieces_;
};

// One character a value, "▁" to "█" from 0 to the largest; the latest `columns` values.
std::string sparkline(const std::vector<double>& values, int columns);

}  // namespace tidemark::live
