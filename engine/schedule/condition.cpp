#include "engine/schedule/condition.h"

#include <algorithm>
#include <array>
#include <compare>
#include <string_view>

#include "engine/schedule/template_parser.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

using Kind = Condition::Kind;

std::partial_ordering compared(const std::string& left, const std::string& right) {
  const auto a = parse_number(left);
  const auto b = parse_number(right);
  if (a && b) return *a <=> *b;
  return left <=> right;
}

}  // namespace

bool holds(const Condition& condition, const RenderText& render) {
  const auto part_holds = [&render](const Condition& part) { return holds(part, render); };
  switch (condition.kind) {
    case Kind::all:
      return std::ranges::all_of(condition.parts, part_holds);
    case Kind::any:
      return std::ranges::any_of(condition.parts, part_holds);
    case Kind::none:
      return std::ranges::none_of(condition.parts, part_holds);
    default:
      break;
  }
  const std::string left = render(condition.left);
  if (condition.kind == Kind::exists) return !left.empty();
  if (condition.kind == Kind::matches) return condition.pattern.found_in(left);
  const std::string right = render(condition.right);
  if (condition.kind == Kind::contains) return left.find(right) != std::string::npos;
  const auto order = compared(left, right);
  switch (condition.kind) {
    case Kind::equal:
      return order == 0;
    case Kind::unequal:
      return order != 0;
    case Kind::below:
      return order < 0;
    case Kind::above:
      return order > 0;
    case Kind::at_most:
      return order <= 0;
    default:
      return order >= 0;
  }
}

std::string source_of(const Condition& condition) {
  if (condition.kind == Kind::none) return "not (" + source_of(condition.parts.front()) + ")";
  if (condition.kind == Kind::all || condition.kind == Kind::any) {
    std::string text;
    for (const Condition& part : condition.parts) {
      text += (text.empty() ? "(" : condition.kind == Kind::all ? " and (" : " or (") + source_of(part) + ")";
    }
    return text;
  }
  // Always quoted, so that text which looks like a word of the grammar stays text.
  const std::string left = quoted_source(condition.left);
  if (condition.kind == Kind::exists) return left + " exists";
  if (condition.kind == Kind::matches)
    return left + " matches " + quoted_source(Template::of(condition.pattern.text()));
  static constexpr std::array<std::string_view, 7> kOperators = {"==", "!=", "<", ">", "<=", ">=", "contains"};
  const auto index = static_cast<std::size_t>(condition.kind) - static_cast<std::size_t>(Kind::equal);
  return left + " " + std::string(kOperators.at(index)) + " " + quoted_source(condition.right);
}

}  // namespace tidemark::schedule
