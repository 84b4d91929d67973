// Foreign bytes through the response framing: no crash, and the same result whole, in two slices and byte by byte.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/drive/response_framing.h"

namespace {

using tidemark::drive::ResponseFraming;

struct Result {
  ResponseFraming::State state = ResponseFraming::State::need_more;
  std::size_t used = 0;
  int status = 0;
  std::string body, headers;
};

Result read(std::string_view bytes, std::size_t slice, bool head_request) {
  ResponseFraming framing;
  framing.start({.head_request = head_request, .keep_headers = true, .keep_body = true});
  Result result;
  while (result.state == ResponseFraming::State::need_more && !bytes.empty()) {
    result.state = framing.feed(bytes.substr(0, slice));
    result.used += framing.consumed();
    bytes.remove_prefix(std::min(slice, bytes.size()));
  }
  if (result.state == ResponseFraming::State::need_more) result.state = framing.end_of_input();
  if (result.state != ResponseFraming::State::complete) return {.state = result.state};
  result.status = framing.status();
  result.body = framing.body();
  result.headers = framing.header_lines();
  return result;
}

bool same(const Result& a, const Result& b) {
  return a.state == b.state && a.used == b.used && a.status == b.status && a.body == b.body && a.headers == b.headers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses where to cut and whether HEAD was asked.
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool head_request = (data[0] & 1U) != 0;
  const Result whole = read(bytes, bytes.size() + 1, head_request);
  if (!same(whole, read(bytes, 1, head_request))) std::abort();
  if (!same(whole, read(bytes, 1 + data[0] / 2, head_request))) std::abort();
  return 0;
}
