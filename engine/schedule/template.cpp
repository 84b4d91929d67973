#include "engine/schedule/template.h"
#include "engine/schedule/scenario_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/template_parser.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '$' ? 2 : 1, c);
  return result;
}

namespace {

std::string arguments_of(const Call& call) {
  using Function = Call::Function;
  switch (call.function) {
    case Function::uuid:
      return "";
    case Function::now: {
      std::string text(time_format_names()[static_cast<std::size_t>(call.format)]);
      if (call.offset != Nanos{}) text += ", " + format_duration(call.offset);
      return text;
    }
    case Function::random:
      return fmt::format("{}, {}", call.low, call.high);
    case Function::random_string:
      return fmt::format("{}", call.low);
    default:
      break;
  }
  std::string text;
  for (const Template& argument : call.arguments) text += (text.empty() ? "" : ", ") + quoted_source(argument);
  if (call.function == Function::hmac_sha256 && call.encoding == Call::Encoding::base64) text += ", base64";
  return text;
}

std::string source_of(const Call& call) {
  if (call.function == Call::Function::env) return "env:" + call.name;
  if (call.function == Call::Function::lua) {
    return call.arguments.empty() ? "lua:" + call.name : fmt::format("lua:{}({})", call.name, arguments_of(call));
  }
  return fmt::format("{}({})", function_names()[static_cast<std::size_t>(call.function)], arguments_of(call));
}

}  // namespace

bool Template::constant() const {
  return std::ranges::all_of(pieces, &Piece::is_literal);
}

const std::string& Template::text() const {
  static const std::string nothing;
  return pieces.empty() ? nothing : pieces.front().literal;
}

Template Template::of(std::string literal) {
  Template text;
  if (!literal.empty()) text.pieces.emplace_back().literal = std::move(literal);
  return text;
}

std::string source_of(const Template& text) {
  std::string result;
  for (const auto& piece : text.pieces) {
    if (piece.is_literal()) {
      result += escaped(piece.literal);
    } else {
      result += "${" + (piece.call.empty() ? piece.variable : source_of(piece.call.front())) + "}";
    }
  }
  return result;
}

std::string quoted_source(const Template& text) {
  std::string result = "'";
  for (const auto& piece : text.pieces) {
    if (!piece.is_literal()) {
      result += source_of(Template{{piece}});
      continue;
    }
    for (const char c : piece.literal) {
      if (c == '\'' || c == '\\') result += '\\';
      if (c == '$') result += '$';
      result += c;
    }
  }
  return result + "'";
}

}  // namespace tidemark::schedule
