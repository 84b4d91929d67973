// Foreign bytes as text with holes, and as a condition: a problem, or a value whose source parses to the same; and
// evaluating it ends.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/schedule/template_functions.h"
#include "engine/schedule/template_parser.h"

namespace {

using namespace tidemark::schedule;

std::string rendered(const Template& text, tidemark::Random& random) {
  std::string result;
  for (const auto& piece : text.pieces) {
    if (piece.is_literal() && piece.literal.empty()) std::abort();
    result += piece.literal;
    if (piece.call.empty()) continue;
    std::vector<std::string> arguments;
    for (const Template& argument : piece.call.front().arguments) arguments.push_back(rendered(argument, random));
    result += call_function(piece.call.front(), arguments, {random, 1});
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const FindParameter parameter = [](const std::string& name) -> std::optional<std::string> {
    return name == "items" ? std::optional<std::string>("50") : std::nullopt;
  };
  tidemark::Random random(1, "fuzz");
  Template once, again;
  if (!parse_template(text, parameter, once)) {
    rendered(once, random);
    if (parse_template(source_of(once), {[](const std::string&) { return std::nullopt; }}, again)) std::abort();
    if (source_of(again) != source_of(once)) std::abort();
  }
  Condition condition, reread;
  if (parse_condition(text, parameter, condition)) return 0;
  holds(condition, [&random](const Template& part) { return rendered(part, random); });
  const std::string source = source_of(condition);
  if (source.size() > 4096) return 0;  // longer than a condition may be: quotes make it grow
  const auto wrong = parse_condition(source, {[](const std::string&) { return std::nullopt; }}, reread);
  if (wrong && wrong->what.find("nested") == std::string::npos) std::abort();
  if (!wrong && source_of(reread) != source) std::abort();
  return 0;
}
