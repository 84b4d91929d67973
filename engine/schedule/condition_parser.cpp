#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/schedule/step_parts.h"
#include "engine/schedule/template_parser.h"

namespace tidemark::schedule {
namespace {

using Kind = Condition::Kind;

constexpr int kDeepest = 16;  // parentheses and nots
constexpr std::size_t kLongest = 4096;
constexpr std::string_view kGrammar =
    "a condition compares, as in \"${state} == 'done' and ${n} < 5\", with ==, !=, <, >, <=, >=, contains, matches or "
    "exists";

struct Operator {
  std::string_view text;
  Kind kind;
};
// Longer ones first: "<" begins "<=".
constexpr std::array<Operator, 9> kOperators = {{{"==", Kind::equal},
                                                 {"!=", Kind::unequal},
                                                 {"<=", Kind::at_most},
                                                 {">=", Kind::at_least},
                                                 {"<", Kind::below},
                                                 {">", Kind::above},
                                                 {"contains", Kind::contains},
                                                 {"matches", Kind::matches},
                                                 {"exists", Kind::exists}}};

// or := and ("or" and)*; and := one ("and" one)*; one := "not" one | "(" or ")" | comparison
class ConditionParser {
 public:
  ConditionParser(std::string_view text, const FindParameter& parameter) : text_(text), parameter_(parameter) {}

  std::optional<TemplateProblem> parse(Condition& result) {
    if (text_.size() > kLongest) fail(fmt::format("a condition of more than {} bytes", kLongest));
    if (!problem_ && joined(result, Kind::any, 0)) {
      skip_blanks();
      if (at_ != text_.size()) fail(fmt::format("'{}' is left over: {}", text_.substr(at_, 32), kGrammar));
    }
    return std::move(problem_);
  }

 private:
  bool joined(Condition& result, Kind kind, int depth) {
    const std::string_view word = kind == Kind::any ? "or" : "and";
    std::vector<Condition> parts;
    do {
      Condition& part = parts.emplace_back();
      if (!(kind == Kind::any ? joined(part, Kind::all, depth) : one(part, depth))) return false;
    } while (take_word(word));
    if (parts.size() == 1) {
      Condition only = std::move(parts.front());
      result = std::move(only);
    } else {
      result.kind = kind;
      result.parts = std::move(parts);
    }
    return true;
  }

  bool one(Condition& result, int depth) {
    if (depth > kDeepest) return fail(fmt::format("nested more than {} deep", kDeepest));
    if (take_word("not")) {
      result.kind = Kind::none;
      return one(result.parts.emplace_back(), depth + 1);
    }
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      if (!joined(result, Kind::any, depth + 1)) return false;
      skip_blanks();
      if (at_ >= text_.size() || text_[at_] != ')') return fail("a '(' without its ')'");
      ++at_;
      return true;
    }
    return comparison(result);
  }

  bool comparison(Condition& result) {
    if (!operand(result.left)) return false;
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    const auto found = std::ranges::find_if(kOperators, [&](const Operator& known) {
      return rest.starts_with(known.text) && (!is_word(known.text.front()) || ends_word(rest, known.text.size()));
    });
    if (found == kOperators.end()) return fail(std::string(kGrammar));
    at_ += found->text.size();
    result.kind = found->kind;
    if (result.kind == Kind::exists) return true;
    if (!operand(result.right)) return false;
    return result.kind != Kind::matches || pattern(result);
  }

  bool pattern(Condition& result) {
    if (!result.right.constant()) return fail("'matches' needs a pattern without holes");
    auto compiled = Pattern::compile(result.right.text());
    if (!compiled) return fail(fmt::format("not a regular expression: {}", compiled.error().what));
    result.pattern = std::move(*compiled);
    result.right = {};
    return true;
  }

  bool operand(Template& result) {
    for (const std::string_view word : {"true", "false"}) {
      if (!take_word(word)) continue;
      result = Template::of(std::string(word));
      return true;
    }
    skip_blanks();
    if (auto wrong = parse_operand(text_, at_, parameter_, result)) {
      if (!problem_) problem_ = std::move(wrong);
      return false;
    }
    return true;
  }

  static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool ends_word(std::string_view text, std::size_t at) {
    return at >= text.size() || (!is_word(text[at]) && !(text[at] >= '0' && text[at] <= '9') && text[at] != '.');
  }
  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word) || !ends_word(rest, word.size())) return false;
    at_ += word.size();
    return true;
  }
  bool fail(std::string what) {
    if (!problem_) problem_ = TemplateProblem{std::move(what), {}, {}};
    return false;
  }

  std::string_view text_;
  const FindParameter& parameter_;
  std::size_t at_ = 0;
  std::optional<TemplateProblem> problem_;
};

}  // namespace

std::optional<TemplateProblem> parse_condition(std::string_view text, const FindParameter& parameter,
                                               Condition& result) {
  return ConditionParser(text, parameter).parse(result);
}

std::optional<Condition> read_condition(ValueReader& reader, const YamlNode& node, const std::string& field,
                                        const Scope& scope) {
  if (node.kind != YamlNode::Kind::scalar) {
    reader.problem(node.line, field, "must be text: " + std::string(kGrammar));
    return std::nullopt;
  }
  Condition condition;
  if (const auto wrong = parse_condition(node.text, reader.find_parameter(), condition)) {
    reader.problem(node.line, field, wrong->what + reader.hint(wrong->word, wrong->words));
    return std::nullopt;
  }
  for_each_template(condition, [&](const Template& text) { check_holes(reader, node.line, field, text, scope); });
  return condition;
}

}  // namespace tidemark::schedule
