// Ten thousand responses, most of them spoilt in one to three places, and what our framing makes of each: one JSON
// object a line, for framing.test.mjs, which asks Node's HTTP parser the same.   usage: framing_cases [COUNT=10000]
// [SEED=14]
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/base64.h"
#include "engine/core/random.h"
#include "engine/drive/response_framing.h"

namespace {

using tidemark::Random;
using tidemark::drive::ResponseFraming;

const std::vector<std::string>& whole() {
  static const std::vector<std::string> all = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 12\r\nconnection: "
      "keep-alive\r\n\r\n"
      "<p>hello</p>",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA;name=value\r\n0123456789\r\n3\r\nabc\r\n0\r\nX-Sum: "
      "1\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n",
      "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 500\r\nContent-Length: 3\r\n\r\nerr",
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 301 Moved\r\nLocation: /x?y=%20\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 \xc3\xa9t\xc3\xa9\r\nX-Name: caf\xc3\xa9\t!\r\nContent-Length: 0\r\n\r\n",
  };
  return all;
}

const std::vector<std::string>& pieces() {
  static const std::vector<std::string> all = {"\r\n",
                                               "\n",
                                               "\r",
                                               " ",
                                               "\t",
                                               ":",
                                               ";",
                                               ",",
                                               "\0x",
                                               "\x7f",
                                               "\xff",
                                               "0",
                                               "5\r\n",
                                               "\r\n\r\n",
                                               "HTTP/1.1",
                                               "HTTP/2.0",
                                               "Content-Length: 5\r\n",
                                               "Content-Length: 7\r\n",
                                               "Content-Length: +5\r\n",
                                               "Content-Length: 5, 5\r\n",
                                               "Content-Length:\r\n",
                                               "Transfer-Encoding: chunked\r\n",
                                               "Transfer-Encoding: gzip, chunked\r\n",
                                               "Transfer-Encoding: gzip\r\n",
                                               "transfer-encoding: CHUNKED\r\n",
                                               "Connection: close\r\n",
                                               "Connection: upgrade\r\n",
                                               "Upgrade: h2c\r\n",
                                               " folded\r\n",
                                               "X: y\r\n",
                                               "X : y\r\n",
                                               ": y\r\n",
                                               "ffffffffffffffff\r\n",
                                               "-1\r\n",
                                               "0x5\r\n",
                                               "101",
                                               "199"};
  return all;
}

std::string spoilt(Random& random) {
  std::string text = whole()[random.below(whole().size())];
  const std::uint64_t changes = random.below(8) == 0 ? 0 : 1 + random.below(3);
  for (std::uint64_t i = 0; i < changes && !text.empty(); ++i) {
    const auto at = static_cast<std::size_t>(random.below(text.size()));
    const std::string& piece = pieces()[random.below(pieces().size())];
    // Where a line begins: a piece that is a line of its own belongs there.
    const std::size_t line = text.find("\r\n", at);
    switch (random.below(7)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
        break;
      case 2:
        text.erase(at, 1 + random.below(3));
        break;
      case 3:
        text.insert(at, piece);
        break;
      case 4:
        text.insert(line == std::string::npos ? at : line + 2, piece);
        break;
      case 5:
        text.resize(at);
        break;
      default:
        text.insert(at, text.substr(at, 1 + random.below(20)));
        break;
    }
  }
  return text;
}

const char* word(ResponseFraming::State state) {
  return state == ResponseFraming::State::complete    ? "complete"
         : state == ResponseFraming::State::need_more ? "more"
                                                      : "malformed";
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 10'000;
  Random random(argc > 2 ? static_cast<std::uint64_t>(std::atoi(argv[2])) : 14, "framing");
  ResponseFraming framing;
  for (int i = 0; i < count; ++i) {
    const bool head = random.below(10) == 0;
    const std::string text = spoilt(random);
    framing.start({.head_request = head, .keep_headers = false, .keep_body = true});
    auto state = text.empty() ? ResponseFraming::State::need_more : framing.feed(text);
    const std::size_t consumed = framing.consumed();
    const bool open = state == ResponseFraming::State::need_more;
    if (open) state = framing.end_of_input();
    const bool complete = state == ResponseFraming::State::complete;
    const nlohmann::json line = {{"bytes", tidemark::base64_encode(text)},
                                 {"head", head},
                                 {"end", open},  // the peer's closing decided
                                 {"verdict", word(state)},
                                 {"status", complete ? framing.status() : 0},
                                 {"consumed", complete ? consumed : 0},
                                 {"keep_alive", complete && framing.keep_alive()},
                                 {"body", complete ? tidemark::base64_encode(framing.body()) : ""},
                                 {"problem", framing.problem()}};
    std::printf("%s\n", line.dump().c_str());
  }
  return 0;
}
