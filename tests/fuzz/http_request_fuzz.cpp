// Requests: whatever the bytes, feeding them at once and in pieces gives the same decision, the same message and the
// same rest.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/net/http_parser.h"

namespace {

using tidemark::net::HttpParser;

struct Seen {
  HttpParser::State state;
  int status;
  std::size_t used;
  std::string target, body;
};

Seen parse(std::string_view bytes, std::size_t piece) {
  HttpParser parser(HttpParser::Kind::request, {1024, 20, 4096});
  std::string unread;
  std::size_t used = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    unread += bytes.substr(at, piece);
    const std::size_t step = parser.feed(unread);
    used += step;
    unread.erase(0, step);
  }
  const bool complete = parser.state() == HttpParser::State::complete;
  tidemark::net::Request request = parser.take_request();
  return {parser.state(), parser.status(), used, complete ? request.target : "", complete ? request.body : ""};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = parse(bytes, size + 1);
  for (const std::size_t piece : {1U, 3U, 50U}) {
    const Seen cut = parse(bytes, piece);
    if (cut.state != whole.state || cut.target != whole.target || cut.body != whole.body) std::abort();
    if (cut.state == HttpParser::State::complete && cut.used != whole.used) std::abort();
    // 400 or 431 may win the race when a line is both too long and malformed; the other refusals come at a line's end.
    if (cut.status != whole.status && cut.status != 431 && whole.status != 431) std::abort();
  }
  if (whole.body.size() > 4096) std::abort();
  return 0;
}
