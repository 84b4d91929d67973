#include "engine/schedule/template_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

using Function = Call::Function;

constexpr int kDeepest = 8;  // calls inside calls
constexpr std::int64_t kLongestRandomString = 65536;
constexpr std::int64_t kFurthest = std::numeric_limits<std::int64_t>::max() / 2;  // so that high - low + 1 fits

// In the order of Call::Function.
constexpr std::array<const char*, 9> kUsage = {
    "uuid()",
    "now(), now(FORMAT) or now(FORMAT, OFFSET), FORMAT one of iso, epoch_s, epoch_ms and OFFSET a duration",
    "random(LOW, HIGH), two whole numbers, LOW not above HIGH",
    "random_string(LENGTH), 1 to 65536",
    "base64(TEXT)",
    "base64url(TEXT)",
    "hmac_sha256(KEY, TEXT), in hexadecimal, or hmac_sha256(KEY, TEXT, base64)",
    "jwt(KEY, CLAIMS), CLAIMS a JSON object as text",
    "url(TEXT)"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class TemplateParser {
 public:
  TemplateParser(std::string_view text, const FindParameter& parameter) : text_(text), parameter_(parameter) {}

  std::optional<TemplateProblem> parse(Template& result) {
    literal_until(result, '\0', 0);
    return std::move(problem_);
  }
  std::optional<TemplateProblem> parse_one(std::size_t& at, Template& result) {
    at_ = at;
    if (!text_argument(result, 0)) fail("'text' in quotes, a number, or a ${hole} is missing");
    at = at_;
    return std::move(problem_);
  }

 private:
  // To the end of the text, or, inside a quoted argument, to its closing quote.
  bool literal_until(Template& result, char quote, int depth);
  bool hole(Template& result, int depth);
  bool expression(Template& result, int depth);
  bool function(Call& call, int depth);
  bool arguments(Call& call, int depth);
  bool text_argument(Template& argument, int depth);
  bool raw_argument(std::string& value);
  bool finish(Call& call, std::vector<std::string>& raw);
  bool number_call(Call& call, const std::vector<std::string>& raw);
  bool now_call(Call& call, const std::vector<std::string>& raw);

  bool fail(std::string what, std::string word = {}, std::span<const std::string> words = {}) {
    if (!problem_) problem_ = TemplateProblem{std::move(what), std::move(word), {words.begin(), words.end()}};
    return false;
  }
  bool usage(const Call& call) {
    return fail(call.function == Function::lua
                    ? "is lua:NAME or lua:NAME(TEXT, ...)"
                    : fmt::format("the call is {}", kUsage.at(static_cast<std::size_t>(call.function))));
  }
  bool not_a_hole() { return fail("'${' begins a name like ${item}; write $$ for a dollar sign"); }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  std::string word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }
  static void append(Template& result, std::string_view literal) {
    if (literal.empty()) return;
    if (result.pieces.empty() || !result.pieces.back().is_literal()) result.pieces.emplace_back();
    result.pieces.back().literal += literal;
  }

  std::string_view text_;
  const FindParameter& parameter_;
  std::size_t at_ = 0;
  std::optional<TemplateProblem> problem_;
};

bool TemplateParser::literal_until(Template& result, char quote, int depth) {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (quote != '\0' && c == quote) {
      ++at_;
      return true;
    }
    if (text_.substr(at_).starts_with("${")) {
      if (!hole(result, depth)) return false;
      continue;
    }
    if (text_.substr(at_).starts_with("$$")) ++at_;
    if (quote != '\0' && c == '\\' && at_ + 1 < text_.size()) ++at_;
    append(result, text_.substr(at_++, 1));
  }
  return quote == '\0' || fail("a quoted argument without its closing quote");
}

bool TemplateParser::hole(Template& result, int depth) {
  at_ += 2;
  skip_blanks();
  if (!is_word(peek())) return not_a_hole();
  if (!expression(result, depth)) return false;
  skip_blanks();
  return take("}") || not_a_hole();
}

// A name, a column, or a call; appended to `result`, a parameter as text.
bool TemplateParser::expression(Template& result, int depth) {
  if (depth > kDeepest) return fail(fmt::format("calls nested more than {} deep", kDeepest));
  std::string name = word();
  if (!is_name(name)) return not_a_hole();
  if (name == "env" && take(":")) {
    Call call{.function = Function::env, .name = word()};
    if (!is_name(call.name)) return fail("${env:NAME} names an environment variable");
    result.pieces.emplace_back().call.push_back(std::move(call));
    return true;
  }
  if (name == "lua" && take(":")) {
    Call call{.function = Function::lua, .name = word()};
    if (!is_name(call.name)) return fail("${lua:NAME} names a function of the scenario's Lua");
    if (peek() == '(' && !arguments(call, depth)) return false;
    result.pieces.emplace_back().call.push_back(std::move(call));
    return true;
  }
  if (peek() == '(') {
    const auto found = std::ranges::find(function_names(), name);
    if (found == function_names().end()) {
      return fail(fmt::format("'{}' is not a function", name), name, function_names());
    }
    Call call{.function = static_cast<Function>(found - function_names().begin())};
    if (!arguments(call, depth)) return false;
    result.pieces.emplace_back().call.push_back(std::move(call));
    return true;
  }
  if (take(".")) {
    const std::string column = word();
    if (!is_name(column)) return fail(fmt::format("'{}.' is followed by the name of a feeder's column", name));
    result.pieces.emplace_back().variable = name + "." + column;
    return true;
  }
  if (const auto value = parameter_(name)) {
    append(result, *value);
  } else {
    result.pieces.emplace_back().variable = std::move(name);
  }
  return true;
}

bool TemplateParser::arguments(Call& call, int depth) {
  const bool takes_text = call.function != Function::uuid && call.function != Function::now &&
                          call.function != Function::random && call.function != Function::random_string;
  std::vector<std::string> raw;  // arguments that must be known now
  ++at_;                         // the parenthesis
  skip_blanks();
  if (take(")")) return finish(call, raw);
  for (;;) {
    const bool encoding = call.function == Function::hmac_sha256 && call.arguments.size() == 2;
    if (!takes_text || encoding) {
      if (!raw_argument(raw.emplace_back())) return usage(call);
    } else if (!text_argument(call.arguments.emplace_back(), depth)) {
      return usage(call);
    }
    skip_blanks();
    if (take(")")) return finish(call, raw);
    if (!take(",")) return usage(call);
    skip_blanks();
  }
}

// 'text' or "text" with holes, a number, a name, a call, or a hole.
bool TemplateParser::text_argument(Template& argument, int depth) {
  const char c = peek();
  if (c == '\'' || c == '"') {
    ++at_;
    if (!literal_until(argument, c, depth + 1)) return false;
  } else if (c == '$') {
    if (!text_.substr(at_).starts_with("${") || !hole(argument, depth + 1)) return false;
  } else if (c == '-' || (c >= '0' && c <= '9')) {
    const std::size_t from = at_++;
    while (is_word(peek()) || peek() == '.') ++at_;
    const std::string_view number = text_.substr(from, at_ - from);
    if (!parse_number(number)) return fail(fmt::format("'{}' is no number: put text into quotes", number));
    append(argument, number);
  } else if (!is_word(c) || !expression(argument, depth + 1)) {
    return false;
  }
  return true;
}

// A bare word or number, quoted or not, or a parameter.
bool TemplateParser::raw_argument(std::string& value) {
  const bool braces = take("${");
  const char quote = !braces && (peek() == '\'' || peek() == '"') ? text_[at_++] : '\0';
  const std::size_t from = at_;
  while (is_word(peek()) || peek() == '-' || peek() == '+' || peek() == '.') ++at_;
  value = text_.substr(from, at_ - from);
  if (value.empty() || (braces && !take("}")) || (quote != '\0' && !take(std::string_view(&quote, 1)))) return false;
  if (quote == '\0' && is_name(value)) value = parameter_(value).value_or(value);
  return true;
}

bool TemplateParser::number_call(Call& call, const std::vector<std::string>& raw) {
  const auto low = raw.empty() ? std::nullopt : parse_integer(raw[0]);
  if (!low) return false;
  call.low = *low;
  if (call.function == Function::random_string) return raw.size() == 1 && *low >= 1 && *low <= kLongestRandomString;
  const auto high = raw.size() == 2 ? parse_integer(raw[1]) : std::nullopt;
  if (!high || *low > *high || *low < -kFurthest || *high > kFurthest) return false;
  call.high = *high;
  return true;
}

bool TemplateParser::now_call(Call& call, const std::vector<std::string>& raw) {
  if (raw.empty()) return true;
  const auto found = std::ranges::find(time_format_names(), raw[0]);
  if (found == time_format_names().end()) {
    return fail(fmt::format("'{}' is no format of now()", raw[0]), raw[0], time_format_names());
  }
  call.format = static_cast<Call::TimeFormat>(found - time_format_names().begin());
  if (raw.size() == 1) return true;
  const auto offset = parse_duration(raw[1]);
  call.offset = offset.value_or(Nanos{});
  return raw.size() == 2 && offset.has_value();
}

bool TemplateParser::finish(Call& call, std::vector<std::string>& raw) {
  const std::size_t texts = call.arguments.size();
  bool good = false;
  switch (call.function) {
    case Function::uuid:
      good = raw.empty();
      break;
    case Function::now:
      good = now_call(call, raw);
      break;
    case Function::random:
    case Function::random_string:
      good = number_call(call, raw);
      break;
    case Function::base64:
    case Function::base64url:
    case Function::url:
      good = texts == 1;
      break;
    case Function::hmac_sha256:
      good = texts == 2 && (raw.empty() || (raw.size() == 1 && (raw[0] == "base64" || raw[0] == "hex")));
      if (good && raw.size() == 1 && raw[0] == "base64") call.encoding = Call::Encoding::base64;
      break;
    case Function::jwt:
      good = texts == 2 && (!call.arguments[1].constant() ||
                            nlohmann::json::parse(call.arguments[1].text(), nullptr, false).is_object());
      break;
    case Function::lua:
      good = true;
      break;
    case Function::env:
      break;
  }
  return good || usage(call);
}

}  // namespace

std::optional<TemplateProblem> parse_template(std::string_view text, const FindParameter& parameter, Template& result) {
  return TemplateParser(text, parameter).parse(result);
}

std::optional<TemplateProblem> parse_operand(std::string_view text, std::size_t& at, const FindParameter& parameter,
                                             Template& result) {
  return TemplateParser(text, parameter).parse_one(at, result);
}

std::span<const std::string> function_names() {
  static const std::array<std::string, 9> names = {
      "uuid", "now", "random", "random_string", "base64", "base64url", "hmac_sha256", "jwt", "url"};
  return names;
}

std::span<const std::string> time_format_names() {
  static const std::array<std::string, 3> names = {"iso", "epoch_s", "epoch_ms"};
  return names;
}

}  // namespace tidemark::schedule
