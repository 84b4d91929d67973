#include "engine/net/http_format.h"

#include <charconv>
#include <string_view>

#include "engine/net/ascii.h"

namespace tidemark::net {
namespace {

struct Phrase {
  int status;
  const char* text;
};
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection");
}

bool append_fields(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers.all()) {
    if (!is_token(name) || !is_field_value(value)) return false;
    if (is_framing(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return true;
}

}  // namespace

bool asks_to_close(const Headers& headers) {
  const std::string* connection = headers.find("Connection");
  return connection != nullptr && equal_ignoring_case(*connection, "close");
}

const char* reason_phrase(int status) {
  if (status == 200) return "OK";
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Status";
}

bool append_response_head(std::string& out, const Response& response, bool keep_alive, bool http10) {
  if (response.status < 200 || response.status > 999) return false;
  const std::size_t start = out.size();
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  if (!append_fields(out, response.headers)) {
    out.resize(start);
    return false;
  }
  if (response.status != 204) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return true;
}

bool append_request_head(std::string& out, const Request& request, const std::string& authority) {
  if (!is_token(request.method) || !is_target(request.target)) return false;
  const std::size_t start = out.size();
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  if (request.headers.find("Host") == nullptr) out.append("Host: ").append(authority).append("\r\n");
  if (!append_fields(out, request.headers)) {
    out.resize(start);
    return false;
  }
  const std::string& method = request.method;
  if (!request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    out += "Content-Length: ";
    append_number(out, request.body.size());
    out += "\r\n";
  }
  if (asks_to_close(request.headers)) out += "Connection: close\r\n";
  out += "\r\n";
  return true;
}

}  // namespace tidemark::net
