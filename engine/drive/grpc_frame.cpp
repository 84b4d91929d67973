#include "engine/drive/grpc_frame.h"

#include <charconv>
#include <cstdint>

#include "engine/drive/response_framing.h"

namespace tidemark::drive {
namespace {

constexpr int kHighestStatus = 16;

// "HTTP to gRPC Status Code Mapping" of the protocol's documents.
int status_of_http(int status) {
  switch (status) {
    case 400:
      return 13;  // internal
    case 401:
      return 16;  // unauthenticated
    case 403:
      return 7;  // permission denied
    case 404:
      return 12;  // unimplemented
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;  // unavailable
    default:
      return 2;  // unknown
  }
}

}  // namespace

void write_grpc_prefix(std::string& frame, std::size_t size) {
  frame[0] = 0;  // not compressed
  for (std::size_t i = 0; i < 4; ++i) frame[1 + i] = static_cast<char>(size >> (8 * (3 - i)));
}

UnaryMessage unary_message(std::string_view body) {
  if (body.empty()) return {.bytes = {}, .problem = "grpc: status 0 without a message"};
  if (body.size() < kGrpcPrefixBytes) return {.bytes = {}, .problem = "grpc: message cut short"};
  if (body[0] == 1) return {.bytes = {}, .problem = "grpc: compressed message, though none was accepted"};
  if (body[0] != 0) return {.bytes = {}, .problem = "grpc: no message frame"};
  std::uint32_t size = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) size = (size << 8U) | static_cast<unsigned char>(body[i]);
  body.remove_prefix(kGrpcPrefixBytes);
  if (body.size() < size) return {.bytes = {}, .problem = "grpc: message cut short"};
  if (body.size() > size) return {.bytes = {}, .problem = "grpc: bytes after the message of a unary call"};
  return {.bytes = body, .problem = {}};
}

int grpc_status(int http_status, std::string_view header_lines) {
  std::string_view text;
  if (!find_header(header_lines, "grpc-status", text)) return status_of_http(http_status);
  int status = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && status >= 0 && status <= kHighestStatus ? status : -1;
}

}  // namespace tidemark::drive
