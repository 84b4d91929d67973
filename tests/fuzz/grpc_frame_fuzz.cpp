// The body and trailers of a gRPC answer: the message is a part of the body, or there is a problem and no message; a
// status is 0 to 16 or refused. The first byte is the length of the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/drive/grpc_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::drive;
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view body = all.substr(0, std::min<std::size_t>(data[0], all.size()));
  const std::string_view header_lines = all.substr(body.size());
  const UnaryMessage message = unary_message(body);
  if (message.problem.empty() && message.bytes.size() + kGrpcPrefixBytes != body.size()) std::abort();
  if (!message.problem.empty() && !message.bytes.empty()) std::abort();
  const int status = grpc_status(200, header_lines);
  if (status < -1 || status > 16) std::abort();
  return 0;
}
