// HTML that cannot be forged: Markup is made only from literals of this program and from text that was escaped, so a
// name from a run can never become markup. Thread-safe: plain values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::report {

class Markup {
 public:
  Markup() = default;
  Markup& operator+=(const Markup& other) {
    html_ += other.html_;
    return *this;
  }
  friend Markup operator+(Markup left, const Markup& right) { return std::move(left += right); }
  const std::string& html() const { return html_; }
  bool empty() const { return html_.empty(); }

 private:
  friend Markup operator""_html(const char* literal, std::size_t size);
  friend Markup text(std::string_view value);
  friend Markup trusted(std::string_view value);
  std::string html_;
};

// A literal of this program.
Markup operator""_html(const char* literal, std::size_t size);
// Any bytes as text, for element content and quoted attributes alike. Invalid UTF-8 and U+0000 become U+FFFD; a
// carriage return is written as a character reference, since parsers turn a bare one into a line feed.
Markup text(std::string_view value);
// Text of foreign origin, kept apart from the direction of its surroundings (a right-to-left override must not turn our
// words).
Markup name(std::string_view value);
// Bytes that this program made as HTML, JavaScript or CSS elsewhere (bundles, escaped JSON). Never foreign text.
Markup trusted(std::string_view value);

// JSON for a <script type="application/json"> element: <, >, &, U+2028 and U+2029 only as \u escapes.
std::string script_safe(std::string json);

struct Column {
  std::string title;
  bool number = false;  // aligned to the right
};
// A table with a caption and scopes; the first cell of a row is its header.
class Table {
 public:
  Table(std::string_view caption, std::vector<Column> columns);
  void row(const std::vector<Markup>& cells, bool total = false);
  bool empty() const { return rows_ == 0; }
  // In a box that scrolls sideways and can be reached by keyboard; `label` names the box.
  Markup markup(std::string_view label) const;

 private:
  std::vector<Column> columns_;
  Markup head_, body_;
  std::size_t rows_ = 0;
};

// <dt>, <dd> pairs.
Markup definition(std::string_view term, const Markup& value);
// "pass" | "fail" | "undecided" | anything else, as a coloured word with a sign before it.
Markup verdict_tag(std::string_view verdict, std::string_view word = {});

}  // namespace tidemark::report
