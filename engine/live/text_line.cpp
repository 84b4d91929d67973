#include "engine/live/text_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace tidemark::live {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kReset = "\x1b[0m";

struct Character {
  std::string_view bytes;
  int columns = 1;
};

constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 10> kWide{{{0x1100, 0x115f},
                                                                         {0x2e80, 0x303e},
                                                                         {0x3041, 0xa4cf},
                                                                         {0xac00, 0xd7a3},
                                                                         {0xf900, 0xfaff},
                                                                         {0xfe30, 0xfe6f},
                                                                         {0xff00, 0xff60},
                                                                         {0xffe0, 0xffe6},
                                                                         {0x1f300, 0x1faff},
                                                                         {0x20000, 0x3fffd}}};

int width_of(std::uint32_t point) {
  if ((point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200f) || point == 0xfeff) return 0;
  const auto inside = [point](const auto& range) { return point >= range.first && point <= range.second; };
  return std::any_of(kWide.begin(), kWide.end(), inside) ? 2 : 1;
}

// Takes the next character off `text`; "?" for what must not reach a terminal.
Character take(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  std::uint32_t point = length == 1 ? lead : length == 0 ? 0 : lead & (0x7fU >> length);
  bool valid = length > 0 && length <= text.size() && lead < 0xf5;
  for (std::size_t i = 1; valid && i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    valid = (byte & 0xc0U) == 0x80;
    point = (point << 6U) | (byte & 0x3fU);
  }
  // Control characters, their C1 kin, and those that turn the direction of writing round.
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x202a && point <= 0x202e) ||
                       (point >= 0x2066 && point <= 0x2069);
  const std::string_view bytes = text.substr(0, valid ? length : 1);
  text.remove_prefix(bytes.size());
  if (!valid || control) return {.bytes = "?", .columns = 1};
  return {.bytes = bytes, .columns = width_of(point)};
}

const char* code_of(Style style) {
  switch (style) {
    case Style::label:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::bad:
      return "\x1b[31;1m";
    case Style::warn:
      return "\x1b[33m";
    case Style::plain:
      break;
  }
  return "";
}

}  // namespace

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) columns += take(text).columns;
  return columns;
}

int columns_of_coloured(std::string_view line) {
  int columns = 0;
  for (std::size_t escape = line.find('\x1b'); escape != std::string_view::npos; escape = line.find('\x1b')) {
    columns += columns_of(line.substr(0, escape));
    line.remove_prefix(std::min(line.size(), line.find('m', escape) + 1));
  }
  return columns + columns_of(line);
}

std::string fit(std::string_view text, int columns) {
  const bool cut = columns_of(text) > columns;
  const int room = cut ? columns - 1 : columns;
  if (room < 0) return {};
  std::string result;
  for (int used = 0; !text.empty();) {
    const Character character = take(text);
    used += character.columns;
    if (used > room) break;
    result += character.bytes;
  }
  if (cut) result += kEllipsis;
  return result;
}

std::string pad(std::string_view text, int columns) {
  std::string result = fit(text, columns);
  result.append(static_cast<std::size_t>(std::max(0, columns - columns_of(result))), ' ');
  return result;
}

TextLine& TextLine::add(std::string_view text, Style style) {
  pieces_.push_back({std::string(text), style});
  return *this;
}

std::string TextLine::render(int columns, bool colour) const {
  std::string result;
  int left = columns;
  for (const Piece& piece : pieces_) {
    const std::string text = fit(piece.text, left);
    left -= columns_of(text);
    const std::string_view code = colour && !text.empty() ? code_of(piece.style) : "";
    result += code;
    result += text;
    if (!code.empty()) result += kReset;
    if (left <= 0) break;
  }
  return result;
}

std::string sparkline(const std::vector<double>& values, int columns) {
  static constexpr std::array<std::string_view, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto count = std::min(values.size(), static_cast<std::size_t>(std::max(0, columns)));
  const auto from = values.end() - static_cast<std::ptrdiff_t>(count);
  const double most = count == 0 ? 0 : *std::max_element(from, values.end());
  std::string result;
  for (auto value = from; value != values.end(); ++value) {
    const double level = most > 0 ? std::max(0.0, *value) / most : 0;
    result += kBars[static_cast<std::size_t>(std::lround(level * (kBars.size() - 1)))];
  }
  return result;
}

}  // namespace tidemark::live
