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

namespace {

// What one capture finds; nullopt: nothing. `document` is parsed by the first capture that needs it.
std::optional<std::string> found_by(const schedule::Capture& capture, const Answer& answer, const CookieJar* cookies,
                                    std::optional<json>& document) {
  using Kind = schedule::Capture::Kind;
  std::string_view text;
  switch (capture.kind) {
    case Kind::header:
      if (find_header(answer.header_lines, capture.header, text)) return std::string(text);
      return std::nullopt;
    case Kind::cookie: {
      if (find_set_cookie(answer.header_lines, capture.cookie, text)) return std::string(text);
      const std::string* kept = cookies != nullptr ? cookies->find(capture.cookie) : nullptr;
      return kept != nullptr ? std::optional(*kept) : std::nullopt;
    }
    case Kind::regex: {
      const auto group = capture.pattern.group_in(answer.body, capture.group);
      return group ? std::optional(std::string(*group)) : std::nullopt;
    }
    case Kind::json:
      break;
  }
  if (!document) document = json::parse(answer.body, nullptr, false);
  const json* found = document->is_discarded() ? nullptr : at_pointer(*document, capture.json_pointer);
  if (found == nullptr || found->is_null()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string name_of(const Check& check) {
  switch (check.kind) {
    case Check::Kind::status:
      return "status " + std::to_string(check.low);
    case Check::Kind::status_range:
      return "status " + std::to_string(check.low) + "-" + std::to_string(check.high);
    case Check::Kind::body_contains:
      return "body contains " + check.text;
    case Check::Kind::body_matches:
      return "body matches " + check.pattern.text();
    case Check::Kind::json_equals:
      return "json " + check.pointer + " is " + check.text;
    case Check::Kind::json_exists:
      return "json " + check.pointer + " exists";
    case Check::Kind::header_equals:
      return "header " + check.header + " is " + check.text;
    case Check::Kind::header_contains:
      return "header " + check.header + " contains " + check.text;
    case Check::Kind::header_matches:
      return "header " + check.header + " matches " + check.pattern.text();
    case Check::Kind::response_below:
      return "response below " + std::to_string(to_seconds(check.limit) * 1000) + " ms";
  }
  return "";
}

}  // namespace

std::optional<std::string> take_captures(const schedule::Step& step, const Answer& answer, const CookieJar* cookies,
                                         std::vector<std::string>& taken) {
  std::optional<json> document;
  taken.resize(step.captures.size());
  for (std::size_t i = 0; i < step.captures.size(); ++i) {
    const auto& capture = step.captures[i];
    auto found = found_by(capture, answer, cookies, document);
    if (!found) found = capture.fallback;
    if (!found) return "capture " + capture.variable;
    taken[i] = std::move(*found);
  }
  return std::nullopt;
}

std::vector<CheckResult> every_check(const schedule::Step& step, const Answer& answer, Nanos response) {
  std::vector<CheckResult> results;
  if (step.checks.empty()) {
    const bool http = step.protocol == schedule::Protocol::http;
    results.push_back(
        {http ? std::string("status 200-399") : status_text(step, {}), !failed_check(step, answer, response)});
  }
  for (const auto& check : step.checks) results.push_back({name_of(check), !failed_one(step, check, answer, response)});
  return results;
}

}  // namespace tidemark::drive
