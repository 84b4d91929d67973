// The five bytes in front of a gRPC message (a compression flag and a length), and the numbers of gRPC's statuses.
// Pure functions on bytes from outside; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/drive/answer.h"

namespace tidemark::drive {

inline constexpr std::size_t kGrpcPrefixBytes = 5;

// Writes the prefix of a message of `size` bytes, at most 2^32 - 1, to the front of `frame`, which has room for it.
void write_grpc_prefix(std::string& frame, std::size_t size);

// The one message of a unary answer. A failure names what is wrong: "grpc: ...".
struct UnaryMessage {
  std::string_view bytes;
  std::string_view problem;  // empty: `bytes` is the message
};
UnaryMessage unary_message(std::string_view body);

// The status of an answer: grpc-status of its trailers; without one, what gRPC makes of the HTTP status. -1: the field
// is not a number from 0 to 16.
int grpc_status(int http_status, std::string_view header_lines);

}  // namespace tidemark::drive
