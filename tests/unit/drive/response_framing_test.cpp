#include "engine/drive/response_framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tidemark::drive {
namespace {

using State = ResponseFraming::State;

struct Outcome {
  State state = State::need_more;
  std::size_t used = 0;
  int status = 0;
  std::string body;
  bool keep_alive = false;

  bool operator==(const Outcome& other) const {
    return state == other.state && used == other.used && status == other.status && body == other.body &&
           keep_alive == other.keep_alive;
  }
};

// Feeds the text in the given slices, then the end of input if the answer is not over.
Outcome read_slices(const std::vector<std::string_view>& slices, ResponseFraming::Expect expect = {.keep_body = true}) {
  ResponseFraming framing;
  framing.start(expect);
  Outcome outcome;
  for (const auto slice : slices) {
    outcome.state = framing.feed(slice);
    outcome.used += framing.consumed();
    if (outcome.state != State::need_more) break;
  }
  if (outcome.state == State::need_more) outcome.state = framing.end_of_input();
  if (outcome.state == State::complete) {
    outcome.status = framing.status();
    outcome.body = framing.body();
    outcome.keep_alive = framing.keep_alive();
  } else {
    outcome.used = 0;  // a malformed answer ends the connection wherever it was noticed
  }
  return outcome;
}

Outcome read_whole(std::string_view text, ResponseFraming::Expect expect = {.keep_body = true}) {
  return read_slices({text}, expect);
}

struct Accepted {
  const char* name;
  std::string text;
  int status;
  std::string body;
  bool keep_alive;
  std::size_t left_over = 0;
};

std::vector<Accepted> accepted() {
  return {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
      {"no reason", "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, "", true},
      {"spaces around the value", "HTTP/1.1 200 OK\r\nContent-Length: \t 2 \r\n\r\nok", 200, "ok", true},
      {"bytes of the next", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", 200, "ok", true, 4},
      {"connection close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
      {"close in a list", "HTTP/1.1 200 OK\r\nConnection: x-y, Close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
      {"HTTP/1.0 keep-alive", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
       true},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, "hello",
       true},
      {"chunk extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n", 200,
       "hello", true},
      {"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n", 200,
       "0123456789", true},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
      {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, "", true},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", 201, "x", true},
      {"until close", "HTTP/1.1 200 OK\r\n\r\nall of this", 200, "all of this", false},
      {"empty until close", "HTTP/1.1 500 Oops\r\nServer: x\r\n\r\n", 500, "", false},
  };
}

TEST(ResponseFraming, ReadsEveryKindOfBody) {
  for (const auto& sample : accepted()) {
    const Outcome outcome = read_whole(sample.text);
    EXPECT_EQ(outcome.state, State::complete) << sample.name;
    EXPECT_EQ(outcome.status, sample.status) << sample.name;
    EXPECT_EQ(outcome.body, sample.body) << sample.name;
    EXPECT_EQ(outcome.keep_alive, sample.keep_alive) << sample.name;
    EXPECT_EQ(outcome.used, sample.text.size() - sample.left_over) << sample.name;
  }
}

std::vector<std::pair<const char*, std::string>> refused() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  return {
      {"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n"},
      {"HTTP/2 status line", "HTTP/2 200 OK\r\n\r\n"},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"two-digit status", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
      {"four-digit status", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"},
      {"empty line first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
      {"bare LF after a field", ok + "Content-Length: 0\n\r\n"},
      {"bare CR in a value", ok + "X: a\rb\r\nContent-Length: 0\r\n\r\n"},
      {"control character in a value", ok + std::string("X: a\0b\r\n", 8) + "Content-Length: 0\r\n\r\n"},
      {"obs-fold", ok + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
      {"space before the colon", ok + "Content-Length : 0\r\n\r\n"},
      {"no colon", ok + "Content-Length 0\r\n\r\n"},
      {"empty name", ok + ": 0\r\nContent-Length: 0\r\n\r\n"},
      {"negative length", ok + "Content-Length: -1\r\n\r\n"},
      {"length with a sign", ok + "Content-Length: +1\r\n\r\nx"},
      {"empty length", ok + "Content-Length: \r\n\r\n"},
      {"length of 19 digits", ok + "Content-Length: 1000000000000000000\r\n\r\n"},
      {"two lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"},
      {"the same length twice", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"},
      {"list of lengths", ok + "Content-Length: 1, 1\r\n\r\nx"},
      {"length and encoding", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"encoding and length", ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"},
      {"unknown encoding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"encoding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunk size without digits", ok + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"},
      {"chunk size with 0x", ok + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
      {"chunk size of 16 digits", ok + "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n"},
      {"chunk longer than its size", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"},
      {"chunk with bare LF", ok + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"},
      {"malformed trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n"},
      {"switched protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
      {"cut body", ok + "Content-Length: 10\r\n\r\nhello"},
      {"cut head", ok + "Content-Le"},
      {"cut chunk", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"},
      {"nothing", ""},
      {"line of 17 KiB", ok + "X: " + std::string(17 * 1024, 'x') + "\r\n\r\n"},
  };
}

TEST(ResponseFraming, RefusesWhatIsNoAnswer) {
  for (const auto& [name, text] : refused()) EXPECT_EQ(read_whole(text).state, State::malformed) << name;
}

TEST(ResponseFraming, SaysWhyItRefused) {
  ResponseFraming framing;
  framing.start({});
  EXPECT_EQ(framing.feed("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), State::malformed);
  EXPECT_STREQ(framing.problem(), "content length malformed");
  framing.start({});
  EXPECT_EQ(framing.end_of_input(), State::malformed);
  EXPECT_STREQ(framing.problem(), "connection closed before the answer");
  framing.start({});
  EXPECT_EQ(framing.feed("HTTP/1.1 2"), State::need_more);
  EXPECT_EQ(framing.end_of_input(), State::malformed);
  EXPECT_STREQ(framing.problem(), "connection closed inside the answer");
}

TEST(ResponseFraming, DoesNotDependOnWhereTheBytesAreCut) {
  std::vector<std::string> texts;
  for (const auto& sample : accepted()) texts.push_back(sample.text);
  for (const auto& [name, text] : refused()) texts.push_back(text);
  for (const auto& text : texts) {
    const std::string_view all = text;
    const Outcome whole = read_whole(all);
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(all.size(), 200); ++cut) {
      EXPECT_TRUE(read_slices({all.substr(0, cut), all.substr(cut)}) == whole)
          << "cut at " << cut << " of: " << text.substr(0, 200);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) bytes.push_back(all.substr(i, 1));
    EXPECT_TRUE(read_slices(bytes) == whole) << "byte by byte: " << text.substr(0, 200);
  }
}

TEST(ResponseFraming, EveryTruncationOfALengthDelimitedAnswerIsCut) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(read_whole(std::string_view(text).substr(0, size)).state, State::malformed) << size;
  }
}

TEST(ResponseFraming, AnAnswerToHeadHasNoBody) {
  const Outcome outcome = read_whole("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", {.head_request = true});
  EXPECT_EQ(outcome.state, State::complete);
  EXPECT_TRUE(outcome.keep_alive);
}

TEST(ResponseFraming, KeepsNoBodyAndNoHeadersUnasked) {
  ResponseFraming framing;
  framing.start({});
  EXPECT_EQ(framing.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), State::complete);
  EXPECT_EQ(framing.body(), "");
  EXPECT_EQ(framing.header_lines(), "");
}

TEST(ResponseFraming, FindsHeadersWithoutCase) {
  ResponseFraming framing;
  framing.start({.keep_headers = true});
  EXPECT_EQ(framing.feed("HTTP/1.1 200 OK\r\nX-Order-Id:  o-17 \r\nContent-Length: 0\r\nETag: \"a: b\"\r\n\r\n"),
            State::complete);
  std::string_view value;
  ASSERT_TRUE(find_header(framing.header_lines(), "x-order-id", value));
  EXPECT_EQ(value, "o-17");
  ASSERT_TRUE(find_header(framing.header_lines(), "etag", value));
  EXPECT_EQ(value, "\"a: b\"");
  EXPECT_FALSE(find_header(framing.header_lines(), "x-order", value));
}

TEST(ResponseFraming, IsAsNewAfterStart) {
  ResponseFraming framing;
  framing.start({.keep_headers = true, .keep_body = true});
  EXPECT_EQ(framing.feed("HTTP/1.0 500 no\r\nTransfer-Encoding: x"), State::need_more);
  framing.start({.keep_body = true});
  EXPECT_TRUE(framing.untouched());
  EXPECT_EQ(framing.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), State::complete);
  EXPECT_EQ(framing.body(), "ok");
  EXPECT_TRUE(framing.keep_alive());
}

TEST(ResponseFraming, EndsEndlessInterimAnswers) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(read_whole(text).state, State::malformed);
}

TEST(ResponseFraming, LimitsTheHead) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) text += "X: " + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(read_whole(text).state, State::malformed);
}

}  // namespace
}  // namespace tidemark::drive
