// The client's half of HTTP/2 against nghttp2's server half in memory, and against bytes cut, broken and refused.
#include "engine/drive/h2_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace tidemark::drive {
namespace {

struct Heard : H2Session::Events {
  void on_h2_answer(std::uint32_t exchange, const Answer& answer) override {
    answers.push_back({exchange, answer.status, std::string(answer.header_lines), std::string(answer.body)});
    if (after_answer) after_answer();
  }
  void on_h2_failure(std::uint32_t exchange, std::string_view why, bool refused) override {
    failures.push_back({exchange, std::string(why), refused});
  }
  struct One {
    std::uint32_t exchange;
    int status;
    std::string header_lines, body;
  };
  struct Failure {
    std::uint32_t exchange;
    std::string why;
    bool refused;
  };
  std::size_t ends() const { return answers.size() + failures.size(); }
  std::vector<One> answers;
  std::vector<Failure> failures;
  std::function<void()> after_answer;
};

// Answers each request with what `fields` and `body` say, at once.
class MemoryServer {
 public:
  MemoryServer() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &limit, 1);
  }
  ~MemoryServer() { nghttp2_session_del(session_); }

  std::string take(const std::string& bytes) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data());
    EXPECT_EQ(nghttp2_session_mem_recv(session_, from, bytes.size()), static_cast<ssize_t>(bytes.size()));
    std::string out;
    const std::uint8_t* piece = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &piece)) > 0;)
      out.append(reinterpret_cast<const char*>(piece), static_cast<std::size_t>(size));
    return out;
  }
  nghttp2_session* session() { return session_; }

  std::vector<std::pair<std::string, std::string>> fields = {{":status", "200"}, {"server", "memory"}};
  std::string body = "hello", received_body;
  std::multimap<std::string, std::string> received;
  std::function<void(nghttp2_session*, std::int32_t)> instead;

 private:
  static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    static_cast<MemoryServer*>(user)->received.emplace(std::string(reinterpret_cast<const char*>(name), name_size),
                                                       std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes, std::size_t size,
                  void* user) {
    static_cast<MemoryServer*>(user)->received_body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static ssize_t read(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t most, std::uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& left = *static_cast<std::string*>(source->ptr);
    const std::size_t size = std::min(most, left.size());
    left.copy(reinterpret_cast<char*>(into), size);
    left.erase(0, size);
    if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    auto& self = *static_cast<MemoryServer*>(user);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || frame->hd.type == NGHTTP2_SETTINGS) return 0;
    const std::int32_t id = frame->hd.stream_id;
    if (self.instead) {
      self.instead(session, id);
      return 0;
    }
    std::vector<nghttp2_nv> made;
    for (auto& [name, value] : self.fields) {
      made.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                      name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    self.left_[id] = self.body;
    nghttp2_data_provider provider{.source = {.ptr = &self.left_[id]}, .read_callback = read};
    nghttp2_submit_response(session, id, made.data(), made.size(), &provider);
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::string> left_;
};

Rendered get(const std::string& target = "/") {
  Rendered request;
  request.method = "GET";
  request.authority = "127.0.0.1:1";
  request.target = target;
  request.fields = {{"x-shadow", "live"}, {"traceparent", "00-1-2-01"}, {"connection", "close"}};
  request.trace_field = 1;
  return request;
}

class H2SessionTest : public ::testing::Test {
 protected:
  std::uint32_t submit(std::uint32_t exchange, const Rendered& request = get()) {
    return client.submit(exchange, request, "http", {.headers = true, .body = true});
  }
  // Passes bytes to and fro until both are quiet; returns what the server sent.
  std::string converse() {
    std::string all;
    while (true) {
      std::string out;
      client.collect(out);
      const std::string back = server.take(out);
      all += back;
      if (out.empty() && back.empty()) return all;
      client.feed(back);
    }
  }

  Heard heard;
  H2Session::Limits limits{.streams = 10, .header_bytes = 1000, .body_bytes = 1000};
  H2Session client{heard, limits};
  MemoryServer server;
};

TEST_F(H2SessionTest, AnAnswerHasStatusFieldsAndBody) {
  submit(7);
  converse();
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].exchange, 7U);
  EXPECT_EQ(heard.answers[0].status, 200);
  EXPECT_EQ(heard.answers[0].header_lines, "server: memory\n");
  EXPECT_EQ(heard.answers[0].body, "hello");
  EXPECT_EQ(client.under_way(), 0U);
}

TEST_F(H2SessionTest, OnlyTheHintsAreKeptWhereOnlyTheyAreAskedFor) {
  server.fields.push_back({"set-cookie", "a=b"});
  client.submit(1, get(), "http", {.hints = true});
  converse();
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].header_lines, "set-cookie: a=b\n");
  EXPECT_EQ(heard.answers[0].body, "");
}

TEST_F(H2SessionTest, TagAndTraceAreSentAndFieldsOfTheConnectionAreNot) {
  submit(1);
  converse();
  EXPECT_EQ(server.received.find("x-shadow")->second, "live");
  EXPECT_EQ(server.received.find("traceparent")->second, "00-1-2-01");
  EXPECT_FALSE(server.received.contains("connection"));
  EXPECT_EQ(server.received.find(":authority")->second, "127.0.0.1:1");
}

TEST_F(H2SessionTest, ABodyIsSent) {
  Rendered post = get();
  post.method = "POST";
  post.body = std::string(100'000, 'b');
  submit(1, post);
  converse();
  EXPECT_EQ(server.received_body, post.body);
  EXPECT_EQ(heard.answers.size(), 1U);
}

TEST_F(H2SessionTest, RoomFollowsTheServersLimitOnStreams) {
  submit(1);
  converse();
  EXPECT_TRUE(client.has_room());
  for (std::uint32_t exchange = 0; exchange < 3; ++exchange) submit(exchange);
  EXPECT_FALSE(client.has_room());
  converse();
  EXPECT_EQ(heard.answers.size(), 4U);
  EXPECT_TRUE(client.has_room());
}

TEST_F(H2SessionTest, TheNextRequestMayBeSubmittedFromInsideAnAnswer) {
  std::uint32_t left = 5;
  heard.after_answer = [&] {
    if (left-- > 0) submit(left);
  };
  submit(9);
  converse();
  EXPECT_EQ(heard.answers.size(), 6U);
}

TEST_F(H2SessionTest, ARefusedStreamMayBeSentAgainAndAResetOneMayNot) {
  server.instead = [](nghttp2_session* session, std::int32_t id) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                              id == 1 ? NGHTTP2_REFUSED_STREAM : NGHTTP2_INTERNAL_ERROR);
  };
  submit(1);
  submit(2);
  converse();
  ASSERT_EQ(heard.failures.size(), 2U);
  EXPECT_TRUE(heard.failures[0].refused);
  EXPECT_FALSE(heard.failures[1].refused);
  EXPECT_EQ(heard.failures[1].why, "http/2: stream reset: INTERNAL_ERROR");
  EXPECT_TRUE(client.has_room());
}

TEST_F(H2SessionTest, GoAwayRefusesTheStreamsBehindItsLast) {
  server.instead = [](nghttp2_session* session, std::int32_t id) {
    if (id == 3) nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, 1, NGHTTP2_NO_ERROR, nullptr, 0);
  };
  submit(1);
  submit(2);
  converse();
  ASSERT_EQ(heard.failures.size(), 1U);
  EXPECT_EQ(heard.failures[0].exchange, 2U);
  EXPECT_TRUE(heard.failures[0].refused);
  EXPECT_FALSE(client.accepts());
  client.abandon("connection closed by the server");
  ASSERT_EQ(heard.failures.size(), 2U);
  EXPECT_FALSE(heard.failures[1].refused);
}

TEST_F(H2SessionTest, ACancelledExchangeIsResetAndNeverHeardOfAgain) {
  server.instead = [](nghttp2_session*, std::int32_t) {};
  const std::uint32_t sent = submit(1);
  converse();
  const std::uint32_t unsent = submit(2);
  client.cancel(sent);
  client.cancel(unsent);
  converse();
  EXPECT_EQ(heard.ends(), 0U);
  EXPECT_EQ(client.under_way(), 0U);
  server.instead = nullptr;
  submit(3);
  converse();
  EXPECT_EQ(heard.answers.size(), 1U);
}

TEST_F(H2SessionTest, LimitsEndTheStreamAndNotTheConnection) {
  server.body = std::string(2000, 'x');
  submit(1);
  converse();
  server.body = "small";
  server.fields.push_back({"big", std::string(990, 'y')});
  submit(2);
  converse();
  server.fields.pop_back();
  submit(3);
  converse();
  ASSERT_EQ(heard.failures.size(), 2U);
  EXPECT_EQ(heard.failures[0].why, "answer's body is too large");
  EXPECT_EQ(heard.failures[1].why, "answer's header fields are too large");
  EXPECT_EQ(heard.answers.size(), 1U);
}

TEST_F(H2SessionTest, AnAnswerBeforeTheWholeRequestIsAnAnswer) {
  Rendered post = get();
  post.method = "POST";
  post.body = std::string(200'000, 'b');  // more than the server's window
  submit(1, post);
  std::string out;
  client.collect(out);
  client.feed(server.take(out));
  nghttp2_nv status{reinterpret_cast<std::uint8_t*>(const_cast<char*>(":status")),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>("413")), 7, 3, NGHTTP2_NV_FLAG_NONE};
  nghttp2_submit_response(server.session(), 1, &status, 1, nullptr);
  converse();
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].status, 413);
}

TEST_F(H2SessionTest, WhatIsNoHttp2EndsTheConnectionWithAReason) {
  submit(1);
  std::string out;
  client.collect(out);
  client.feed("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(client.collect(out));
  EXPECT_EQ(client.problem(), "http/2: the server does not speak HTTP/2");
  client.abandon(client.problem());
  EXPECT_EQ(heard.failures.size(), 1U);
}

// A conversation cut after each of its bytes: one end for the exchange, whatever was there.
TEST(H2SessionBytes, EveryTruncationEndsTheExchangeOnce) {
  Heard first;
  H2Session whole(first, {});
  MemoryServer server;
  whole.submit(1, get(), "http", {.headers = true, .body = true});
  std::string out;
  whole.collect(out);
  const std::string answer = server.take(out);
  ASSERT_GT(answer.size(), 50U);
  for (std::size_t size = 0; size <= answer.size(); ++size) {
    Heard heard;
    H2Session client(heard, {});
    client.submit(1, get(), "http", {.headers = true, .body = true});
    std::string sent;
    client.collect(sent);
    client.feed(std::string_view(answer).substr(0, size));
    client.abandon("cut");
    EXPECT_EQ(heard.ends(), 1U) << size;
    EXPECT_EQ(heard.answers.size(), size == answer.size() ? 1U : 0U) << size;
  }
}

TEST(H2SessionBytes, EveryFlippedByteLeavesTheBooksRight) {
  Heard first;
  H2Session whole(first, {});
  MemoryServer server;
  whole.submit(1, get(), "http", {.headers = true, .body = true});
  std::string out;
  whole.collect(out);
  const std::string answer = server.take(out);
  for (std::size_t at = 0; at < answer.size(); ++at) {
    std::string broken = answer;
    broken[at] = static_cast<char>(broken[at] ^ 0xff);
    Heard heard;
    H2Session client(heard, {});
    client.submit(1, get(), "http", {.headers = true, .body = true});
    std::string sent;
    client.collect(sent);
    client.feed(broken);
    client.collect(sent);
    client.abandon("broken");
    EXPECT_EQ(heard.ends(), 1U) << at;
  }
}

}  // namespace
}  // namespace tidemark::drive
