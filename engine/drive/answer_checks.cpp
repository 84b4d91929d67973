#include "engine/drive/answer_checks.h"

#include <nlohmann/json.hpp>

#include "engine/drive/response_framing.h"

namespace tidemark::drive {
namespace {

using nlohmann::json;
using schedule::Check;

const json* at_pointer(const json& document, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/') return nullptr;
  const json::json_pointer path(pointer);
  return document.contains(path) || pointer.empty() ? &document.at(path) : nullptr;
}

bool json_holds(std::string_view body, const Check& check) {
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) return false;
  const json* found = at_pointer(document, check.pointer);
  if (found == nullptr || check.kind == Check::Kind::json_exists) return found != nullptr;
  return *found == json::parse(check.text, nullptr, false);
}

bool header_holds(std::string_view header_lines, const Check& check) {
  std::string_view found;
  if (!find_header(header_lines, check.header, found)) return false;
  if (check.kind == Check::Kind::header_matches) return check.pattern.found_in(found);
  if (check.kind == Check::Kind::header_contains) return found.find(check.text) != std::string_view::npos;
  return found == check.text;
}

std::string status_text(const schedule::Step& step, const Answer& answer) {
  return (step.protocol == schedule::Protocol::grpc ? "grpc-status " : "status ") + std::to_string(answer.status);
}

std::optional<std::string> failed_one(const schedule::Step& step, const Check& check, const Answer& answer,
                                      Nanos response) {
  switch (check.kind) {
    case Check::Kind::status:
    case Check::Kind::status_range:
      if (answer.status >= check.low && answer.status <= check.high) return std::nullopt;
      return status_text(step, answer);
    case Check::Kind::body_contains:
      if (answer.body.find(check.text) != std::string_view::npos) return std::nullopt;
      return "check body contains " + check.text.substr(0, 64);
    case Check::Kind::body_matches:
      if (check.pattern.found_in(answer.body)) return std::nullopt;
      return "check body matches " + check.pattern.text().substr(0, 64);
    case Check::Kind::json_equals:
    case Check::Kind::json_exists:
      if (json_holds(answer.body, check)) return std::nullopt;
      return "check json " + check.pointer.substr(0, 64);
    case Check::Kind::header_equals:
    case Check::Kind::header_contains:
    case Check::Kind::header_matches:
      if (header_holds(answer.header_lines, check)) return std::nullopt;
      return "check header " + check.header.substr(0, 64);
    case Check::Kind::response_below:
      if (response < check.limit) return std::nullopt;
      return "check response below";
  }
  return "check unknown";
}

}  // namespace

std::optional<std::string> failed_check(const schedule::Step& step, const Answer& answer, Nanos response) {
  if (step.checks.empty()) {
    const bool http = step.protocol == schedule::Protocol::http;
    if (http ? answer.status >= 200 && answer.status <= 399 : answer.status == 0) return std::nullopt;
    return status_text(step, answer);
  }
  for (const auto& check : step.checks) {
    if (auto failure = failed_one(step, check, answer, response)) return failure;
  }
  return std::nullopt;
}

std::optional<std::string> take_captures(const CompiledStep& step, const Answer& answer,
                                         std::vector<std::string>& values) {
  std::optional<json> document;
  for (std::size_t i = 0; i < step.step->captures.size(); ++i) {
    const auto& capture = step.step->captures[i];
    std::string& value = values[step.capture_slots[i]];
    if (!capture.header.empty()) {
      std::string_view found;
      if (!find_header(answer.header_lines, capture.header, found)) return "capture " + capture.variable;
      value = found;
      continue;
    }
    if (!document) document = json::parse(answer.body, nullptr, false);
    const json* found = document->is_discarded() ? nullptr : at_pointer(*document, capture.json_pointer);
    if (found == nullptr || found->is_null()) return "capture " + capture.variable;
    value = found->is_string() ? found->get<std::string>() : found->dump();
  }
  return std::nullopt;
}

}  // namespace tidemark::drive
