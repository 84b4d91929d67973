#include "engine/net/http_parser.h"

#include <gtest/gtest.h>

#include "tests/unit/net/request_cases.h"

namespace tidemark::net {
namespace {

const ParserLimits kLimits{};

// Feeds pieces of `piece` bytes the way a connection does, keeping what was not used. Returns bytes not used at the
// end.
std::size_t feed_in_pieces(HttpParser& parser, std::string_view bytes, std::size_t piece) {
  std::string unread;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    unread += bytes.substr(at, piece);
    unread.erase(0, parser.feed(unread));
  }
  return unread.size();
}

int status_of(HttpParser& parser) {
  if (parser.state() == HttpParser::State::complete) return 200;
  return parser.state() == HttpParser::State::failed ? parser.status() : 0;
}

TEST(HttpRequestParser, AcceptsAndRefusesTheTable) {
  ASSERT_GE(framing_cases().size(), 60U);
  for (const RequestCase& item : framing_cases()) {
    HttpParser parser(HttpParser::Kind::request, kLimits);
    parser.feed(item.bytes);
    EXPECT_EQ(status_of(parser), item.status) << item.name << ": " << parser.reason();
    if (item.status == 200) EXPECT_EQ(parser.take_request().body, item.body) << item.name;
  }
}

TEST(HttpRequestParser, DecidesTheSameHoweverTheBytesArrive) {
  for (const RequestCase& item : framing_cases()) {
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
      if (item.bytes.size() > 20'000 && piece < 64) continue;
      HttpParser parser(HttpParser::Kind::request, kLimits);
      feed_in_pieces(parser, item.bytes, piece);
      EXPECT_EQ(status_of(parser), item.status) << item.name << " in pieces of " << piece << ": " << parser.reason();
    }
  }
}

TEST(HttpRequestParser, NeedsMoreForEveryTruncationOfASoundMessage) {
  for (const RequestCase& item : framing_cases()) {
    if (item.status != 200 || item.bytes.size() > 2000) continue;
    for (std::size_t length = 0; length < item.bytes.size(); ++length) {
      HttpParser parser(HttpParser::Kind::request, kLimits);
      parser.feed(std::string_view(item.bytes).substr(0, length));
      EXPECT_EQ(status_of(parser), 0) << item.name << " cut at " << length;
      parser.feed_end();
      EXPECT_EQ(parser.state(), HttpParser::State::failed) << item.name << " cut at " << length;
    }
  }
}

TEST(HttpRequestParser, LeavesTheNextMessageUntouched) {
  const std::string next = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const RequestCase& item : framing_cases()) {
    if (item.status != 200) continue;
    HttpParser parser(HttpParser::Kind::request, kLimits);
    const std::string both = item.bytes + next;
    EXPECT_EQ(parser.feed(both), item.bytes.size()) << item.name;
    parser.reset();
    EXPECT_EQ(parser.feed(std::string_view(both).substr(item.bytes.size())), next.size()) << item.name;
    EXPECT_EQ(parser.take_request().target, "/second") << item.name;
  }
}

TEST(HttpRequestParser, HandsOutWhatWasSent) {
  HttpParser parser(HttpParser::Kind::request, kLimits);
  parser.feed(
      "PUT http://shop:80/cart?id=7 HTTP/1.1\r\nHost: shop\r\nX-Two: a\r\nx-two:\t b c \r\nContent-Length: "
      "2\r\n\r\nhi");
  ASSERT_EQ(parser.state(), HttpParser::State::complete) << parser.reason();
  const Request request = parser.take_request();
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/cart?id=7");
  EXPECT_EQ(request.body, "hi");
  EXPECT_EQ(*request.headers.find("X-TWO"), "a");
  EXPECT_EQ(request.headers.all()[2].second, "b c");
}

TEST(HttpRequestParser, KnowsWhenTheConnectionStays) {
  const struct {
    const char* version;
    const char* field;
    bool stays;
  } cases[] = {{"1.1", "", true},
               {"1.1", "Connection: close\r\n", false},
               {"1.1", "Connection: x, CLOSE\r\n", false},
               {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
               {"1.1", "Connection: closed\r\n", true},
               {"1.0", "", false},
               {"1.0", "Connection: keep-alive\r\n", true},
               {"1.0", "Connection: keep-alive, close\r\n", false}};
  for (const auto& item : cases) {
    HttpParser parser(HttpParser::Kind::request, kLimits);
    parser.feed(std::string("GET / HTTP/") + item.version + "\r\nHost: a\r\n" + item.field + "\r\n");
    ASSERT_EQ(parser.state(), HttpParser::State::complete);
    EXPECT_EQ(parser.keep_alive(), item.stays) << item.version << " " << item.field;
  }
}

struct ResponseCase {
  std::string name;
  std::string bytes;
  bool head_request;
  bool closes;  // the peer closes behind the bytes
  int status;   // 0: refused
  std::string body = {};
};

std::vector<ResponseCase> response_cases() {
  return {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, false, 200, "hi"},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", false, false, 200, "a"},
      {"until close", "HTTP/1.1 200 OK\r\n\r\nabc", false, true, 200, "abc"},
      {"empty until close", "HTTP/1.0 200 OK\r\n\r\n", false, true, 200, ""},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", true, false, 200, ""},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", false, false, 204, ""},
      {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false, false, 304, ""},
      {"interim first",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n",
       false, false, 201, ""},
      {"no reason phrase", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, false, 200, ""},
      {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", false, true, 0},
      {"cut in the head", "HTTP/1.1 200 OK\r\nConte", false, true, 0},
      {"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, true, 0},
      {"nothing", "", false, true, 0},
      {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       false, false, 0},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", false, false, 0},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", false, false, 0},
      {"two-digit status", "HTTP/1.1 20 OK\r\n\r\n", false, true, 0},
      {"status of letters", "HTTP/1.1 2xx OK\r\n\r\n", false, true, 0},
      {"another protocol", "ICY 200 OK\r\n\r\n", false, true, 0},
      {"switch of protocols", "HTTP/1.1 101 S\r\n\r\n", false, true, 0},
      {"above the limit", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", false, false, 0},
      {"above the limit until close", "HTTP/1.1 200 OK\r\n\r\n" + std::string(1048577, 'x'), false, true, 0},
  };
}

TEST(HttpResponseParser, AcceptsAndRefusesTheTable) {
  for (const ResponseCase& item : response_cases()) {
    for (const std::size_t piece : {1U, 5U, 4'000'000U}) {
      HttpParser parser(HttpParser::Kind::response, kLimits);
      parser.reset(item.head_request);
      feed_in_pieces(parser, item.bytes, piece);
      if (item.closes) parser.feed_end();
      EXPECT_EQ(parser.state() == HttpParser::State::complete, item.status != 0)
          << item.name << ": " << parser.reason();
      if (parser.state() != HttpParser::State::complete) continue;
      const Response response = parser.take_response();
      EXPECT_EQ(response.status, item.status) << item.name;
      EXPECT_EQ(response.body, item.body) << item.name;
    }
  }
}

TEST(HttpResponseParser, EndlessInterimAnswersRunIntoTheHeaderLimit) {
  HttpParser parser(HttpParser::Kind::response, kLimits);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  parser.feed(bytes);
  EXPECT_EQ(parser.state(), HttpParser::State::failed);
}

}  // namespace
}  // namespace tidemark::net
