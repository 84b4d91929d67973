// Responses: no input may crash the parser, exceed its limits, or be framed differently when it arrives in pieces. The
// first byte chooses whether it answers a HEAD.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/net/http_parser.h"

namespace {

using tidemark::net::HttpParser;

std::string parse(std::string_view bytes, bool head, std::size_t piece) {
  HttpParser parser(HttpParser::Kind::response, {1024, 20, 4096});
  parser.reset(head);
  std::string unread;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    unread += bytes.substr(at, piece);
    unread.erase(0, parser.feed(unread));
  }
  parser.feed_end();
  if (parser.state() != HttpParser::State::complete) return "refused";
  const tidemark::net::Response response = parser.take_response();
  if (response.body.size() > 4096 || response.headers.all().size() > 20) std::abort();
  if (response.status < 200 || response.status > 999) std::abort();
  return std::to_string(response.status) + (parser.keep_alive() ? " stays " : " ends ") + response.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 16 * 1024) return 0;
  const bool head = data[0] == 'H' && size > 1 && data[1] == 'E';
  const std::string_view bytes(reinterpret_cast<const char*>(data) + (head ? 2 : 0), size - (head ? 2 : 0));
  const std::string whole = parse(bytes, head, size + 1);
  for (const std::size_t piece : {1U, 3U, 50U}) {
    if (parse(bytes, head, piece) != whole) std::abort();
  }
  return 0;
}
