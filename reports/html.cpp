#include "reports/html.h"

#include <cstdint>

namespace tidemark::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the well-formed UTF-8 sequence at `at`, 0 when there is none (RFC 3629, no surrogates, no overlong forms).
std::size_t sequence_length(std::string_view value, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < value.size() ? static_cast<std::uint8_t>(value[i]) : std::uint8_t{0};
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t first = byte(at), second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second >= 0xA0;
    return follows(at + 1) && follows(at + 2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90, beyond = first == 0xF4 && second >= 0x90;
    return follows(at + 1) && follows(at + 2) && follows(at + 3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size() + value.size() / 8);
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t length = value[at] == '\0' ? 0 : sequence_length(value, at);
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    switch (value[at]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += value.substr(at, length);
    }
    at += length;
  }
  return out;
}

}  // namespace

Markup operator""_html(const char* literal, std::size_t size) {
  return trusted({literal, size});
}

Markup trusted(std::string_view value) {
  Markup markup;
  markup.html_ = value;
  return markup;
}

Markup text(std::string_view value) {
  Markup markup;
  markup.html_ = escaped(value);
  return markup;
}

Markup name(std::string_view value) {
  constexpr std::size_t kOneLine = 24;  // bytes that a table need not break
  return (value.size() <= kOneLine ? "<bdi class=\"s\">"_html : "<bdi>"_html) + text(value) + "</bdi>"_html;
}

std::string script_safe(std::string json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const std::string_view rest = std::string_view(json).substr(at);
    if (json[at] == '<')
      out += "\\u003c";
    else if (json[at] == '>')
      out += "\\u003e";
    else if (json[at] == '&')
      out += "\\u0026";
    else if (rest.starts_with("\xE2\x80\xA8"))
      out += "\\u2028", at += 2;
    else if (rest.starts_with("\xE2\x80\xA9"))
      out += "\\u2029", at += 2;
    else
      out += json[at];
  }
  return out;
}

Table::Table(std::string_view caption, std::vector<Column> columns) : columns_(std::move(columns)) {
  if (!caption.empty()) head_ += "<caption>"_html + text(caption) + "</caption>"_html;
  head_ += "<thead><tr>"_html;
  for (const Column& column : columns_) {
    head_ += column.number ? "<th scope=\"col\" class=\"num\">"_html : "<th scope=\"col\">"_html;
    head_ += text(column.title) + "</th>"_html;
  }
  head_ += "</tr></thead>"_html;
}

void Table::row(const std::vector<Markup>& cells, bool total) {
  ++rows_;
  body_ += total ? "<tr class=\"total\">"_html : "<tr>"_html;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool number = i < columns_.size() && columns_[i].number;
    if (i == 0)
      body_ += number ? "<th scope=\"row\" class=\"num\">"_html : "<th scope=\"row\">"_html;
    else
      body_ += number ? "<td class=\"num\">"_html : "<td>"_html;
    body_ += cells[i] + (i == 0 ? "</th>"_html : "</td>"_html);
  }
  body_ += "</tr>\n"_html;
}

Markup Table::markup(std::string_view label) const {
  return "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\""_html + text(label) + "\"><table>"_html +
         head_ + "<tbody>\n"_html + body_ + "</tbody></table></div>\n"_html;
}

Markup definition(std::string_view term, const Markup& value) {
  return "<div><dt>"_html + text(term) + "</dt><dd>"_html + value + "</dd></div>\n"_html;
}

Markup verdict_tag(std::string_view verdict, std::string_view word) {
  if (word.empty()) word = verdict;
  if (verdict == "pass") return "<span class=\"tag pass\">"_html + text(word) + "</span>"_html;
  if (verdict == "fail") return "<span class=\"tag fail\">"_html + text(word) + "</span>"_html;
  if (verdict == "undecided") return "<span class=\"tag undecided\">"_html + text(word) + "</span>"_html;
  return "<span class=\"tag\">"_html + text(word) + "</span>"_html;
}

}  // namespace tidemark::report
