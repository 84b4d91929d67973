#include "engine/drive/request_dressing.h"

#include <algorithm>

#include "engine/net/ascii.h"

namespace tidemark::drive {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view one) { return net::equal_ignoring_case(name, one); });
}

bool drops(std::string_view name, const Hop& hop) {
  if (!hop.sends_body && is_one_of(name, {"content-length", "content-type", "content-encoding", "content-language"})) {
    return true;
  }
  return hop.left_origin && is_one_of(name, {"authorization", "cookie", "proxy-authorization"});
}

}  // namespace

void add_cookies(std::string& request, std::string_view cookies) {
  const std::size_t end = request.find("\r\n\r\n");
  if (cookies.empty() || end == std::string::npos) return;
  std::string field("Cookie: ");
  field.append(cookies).append(kLineEnd);
  request.insert(end + kLineEnd.size(), field);
}

void add_cookies(Rendered& request, std::string_view cookies) {
  if (!cookies.empty()) request.fields.push_back({"cookie", std::string(cookies)});
}

void redirect_request(std::string& request, const Hop& hop, const std::string& authority) {
  const std::size_t end = std::min(request.find("\r\n\r\n"), request.size());
  std::string made = hop.method + " " + hop.target + " HTTP/1.1\r\n";
  std::size_t line = request.find(kLineEnd) + kLineEnd.size();
  while (line < end) {
    const std::size_t next = std::min(request.find(kLineEnd, line), end);
    const std::string_view field = std::string_view(request).substr(line, next - line);
    const std::string_view name = field.substr(0, field.find(':'));
    line = next + kLineEnd.size();
    if (drops(name, hop)) continue;
    if (hop.left_origin && net::equal_ignoring_case(name, "host")) {
      made.append("Host: ").append(authority).append(kLineEnd);
    } else {
      made.append(field).append(kLineEnd);
    }
  }
  made.append(kLineEnd);
  if (hop.sends_body && end + 4 <= request.size()) made.append(request, end + 4);
  request.swap(made);
}

void redirect_request(Rendered& request, const Hop& hop, const std::string& authority) {
  request.method = hop.method;
  request.target = hop.target;
  if (hop.left_origin) request.authority = authority;
  if (!hop.sends_body) request.body.clear();
  const bool traced = request.trace_field != Rendered::kNone;
  const std::string trace_name = traced ? request.fields[request.trace_field].name : std::string();
  std::erase_if(request.fields, [&](const Rendered::Field& field) { return drops(field.name, hop); });
  if (!traced) return;
  const auto trace = std::find_if(request.fields.begin(), request.fields.end(),
                                  [&](const Rendered::Field& field) { return field.name == trace_name; });
  request.trace_field = static_cast<std::size_t>(trace - request.fields.begin());
}

std::size_t find_trace(std::string_view request) {
  constexpr std::string_view kField = "\r\ntraceparent: 00-";
  const std::size_t at = request.substr(0, request.find("\r\n\r\n") + 2).find(kField);
  return at == std::string_view::npos ? 0 : at + kField.size();
}

std::string_view target_of(std::string_view request) {
  const std::size_t begin = std::min(request.find(' '), request.size() - 1) + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

}  // namespace tidemark::drive
