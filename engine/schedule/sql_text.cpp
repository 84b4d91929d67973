#include "engine/schedule/sql_text.h"

#include <algorithm>

namespace tidemark::schedule {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - at;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<SqlText> read() {
    sql_.parts.emplace_back();
    while (at_ < text_.size()) {
      const char* problem = step();
      if (problem != nullptr) return fail(ExitCode::usage, "query", problem, advice_);
    }
    auto& last = sql_.parts.back();
    while (!last.empty() && is_blank(last.back())) last.pop_back();
    if (sql_.verb.empty()) return fail(ExitCode::usage, "query", "no statement");
    return std::move(sql_);
  }

 private:
  // Takes one lexical element. Returns what is wrong, or nullptr.
  const char* step() {
    const char c = text_[at_];
    if (c == '\0') return "holds a NUL";
    if (is_blank(c)) {
      copy(1);
      return nullptr;
    }
    if (starts("/*")) return block_comment();
    if (c == '#' || (starts("--") && (at_ + 2 == text_.size() || is_blank(text_[at_ + 2])))) {
      at_ = std::min(text_.find('\n', at_), text_.size());  // the line's end stays and parts the words
      return nullptr;
    }
    if (ended_) {
      advice_ = "one statement a step";
      return "a second statement after ;";
    }
    if (c == ';') {
      ended_ = true;
      ++at_;
      return nullptr;
    }
    return token(c);
  }

  const char* token(char c) {
    if (c == '\'' || c == '"' || c == '`') return quoted(c);
    if (is_word(c)) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      name(std::string(text_.substr(begin, at_ - begin)));
      sql_.parts.back().append(text_, begin, at_ - begin);
      return nullptr;
    }
    if (c == '?') {
      sql_.parts.emplace_back();
      ++at_;
    } else {
      if (c == '.' && !name_.empty()) sql_.qualifiers.push_back(name_);
      copy(1);
    }
    name_.clear();
    return nullptr;
  }

  // A word or a quoted name: perhaps a qualifier, if a dot follows.
  void name(std::string word) {
    if (sql_.verb.empty()) {
      sql_.verb = word;
      for (char& c : sql_.verb) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
    }
    name_ = std::move(word);
  }

  const char* quoted(char quote) {
    const std::size_t begin = at_++;
    std::string inside;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\0') return "holds a NUL";
      if (c == '\\' && quote != '`') {
        ++at_;
      } else if (c == quote) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != quote) break;
        inside.push_back(text_[at_++]);
      } else {
        inside.push_back(c);
      }
    }
    if (at_ >= text_.size()) return "a quote is not closed";
    ++at_;
    sql_.parts.back().append(text_, begin, at_ - begin);
    name_.clear();
    if (quote != '\'') name(std::move(inside));  // "x" is a name under ANSI_QUOTES
    return nullptr;
  }

  const char* block_comment() {
    if (starts("/*!") || starts("/*M!")) {
      advice_ = "write the statement itself";
      return "an executable comment";
    }
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return "a comment is not closed";
    if (text_.substr(at_, end - at_).find('\0') != std::string_view::npos) return "holds a NUL";
    copy(end + 2 - at_);
    return nullptr;
  }

  bool starts(std::string_view with) const { return text_.substr(at_).starts_with(with); }
  void copy(std::size_t count) {
    sql_.parts.back().append(text_, at_, count);
    at_ += count;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool ended_ = false;  // a ; was seen
  std::string name_;    // the last name, while only blanks and comments have followed
  const char* advice_ = "";
  SqlText sql_;
};

}  // namespace

Result<SqlText> read_sql(std::string_view query) {
  return Reader(query).read();
}

bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

}  // namespace tidemark::schedule
