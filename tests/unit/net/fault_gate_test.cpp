// The gate between a real client and a real server.
#include "engine/net/fault_gate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/net/server_thread.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Task<Response> echo(Request request) {
  co_return Response::text(200, request.target + request.body);
}

// A gate on a thread of its own.
class GateThread {
 public:
  explicit GateThread(std::uint16_t to, GateLimits limits = {})
      : gate_(
            io_, limits,
            [to] {
              return std::optional(Endpoint{"127.0.0.1", to});
            },
            7) {
    const auto port = gate_.listen("127.0.0.1", 0);
    EXPECT_TRUE(port) << (port ? "" : port.error().message());
    port_ = port.value_or(0);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~GateThread() {
    asio::post(io_, [this] {
      asio::co_spawn(io_, gate_.stop(), [this](const std::exception_ptr& error) {
        EXPECT_FALSE(error);
        work_.reset();
      });
    });
    thread_.join();
  }
  GateThread(const GateThread&) = delete;
  GateThread& operator=(const GateThread&) = delete;

  std::uint16_t port() const { return port_; }
  void set(const std::vector<std::string>& words) {
    const auto rules = parse_gate_rules(words);
    ASSERT_TRUE(rules) << rules.error().message();
    const auto done = on_thread([&] { return gate_.set(*rules).has_value(); });
    EXPECT_TRUE(done);
  }
  FaultGate::Counters counters() {
    return on_thread([this] { return gate_.counters(); });
  }
  std::size_t connections() {
    return on_thread([this] { return gate_.connections(); });
  }

 private:
  template <class Read>
  auto on_thread(Read read) -> decltype(read()) {
    std::promise<decltype(read())> promise;
    auto value = promise.get_future();
    asio::post(io_, [&] { promise.set_value(read()); });
    return value.get();
  }

  asio::io_context io_{1};
  FaultGate gate_;
  std::optional<asio::executor_work_guard<IoExecutor>> work_{asio::make_work_guard(io_)};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string post(const std::string& body) {
  return "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(FaultGate, PassesEverythingOnWithoutRules) {
  ServerThread server(echo, {.body_bytes = 4 * 1024 * 1024});
  GateThread gate(server.port(), {.held_bytes = 20'000});  // smaller than what is sent: reading must pause and go on
  RawClient client(gate.port());
  for (const std::size_t size : {0, 1, 1000, 16'384, 16'385, 3'000'000}) {
    std::string body(size, 'a');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 26);
    std::thread sender([&] { EXPECT_TRUE(client.send(post(body))); });
    const auto answer = client.read_response();
    sender.join();
    ASSERT_TRUE(answer) << size;
    EXPECT_TRUE(answer->body == "/x" + body) << size;
  }
  const auto counters = gate.counters();
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_GT(counters.bytes_up, 3'000'000U);
  EXPECT_GT(counters.bytes_down, 3'000'000U);
}

TEST(FaultGate, WhatIsDelayedArrivesAfterWhatIsNot) {
  ServerThread server(echo);
  GateThread gate(server.port());
  gate.set({"delay=300ms"});
  RawClient late(gate.port()), direct(server.port());
  ASSERT_TRUE(late.send(kGet));
  const Instant sent = Clock::now();
  ASSERT_TRUE(direct.send(kGet));
  ASSERT_TRUE(direct.read_response());
  const Instant direct_answer = Clock::now();
  ASSERT_TRUE(late.read_response());
  EXPECT_GE(Clock::now() - sent, milliseconds(600)) << "300 ms each way";
  EXPECT_LT(direct_answer, Clock::now());
  EXPECT_EQ(server.counters().requests, 2U);
}

TEST(FaultGate, KeepsTheOrderOfBytesWhenTheDelayShrinks) {
  ServerThread server(echo);
  GateThread gate(server.port());
  gate.set({"delay=150ms"});
  RawClient client(gate.port());
  ASSERT_TRUE(client.send(post("first").substr(0, 30)));
  ASSERT_TRUE(server.await([&] { return server.connections() == 1; }));
  gate.set({"clear"});
  ASSERT_TRUE(client.send(post("first").substr(30)));
  const auto answer = client.read_response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "/xfirst");
}

TEST(FaultGate, ResetsAreSeenByBothSides) {
  ServerThread server(echo);
  GateThread gate(server.port());
  gate.set({"reset=1"});
  RawClient client(gate.port());
  ASSERT_TRUE(client.send(kGet));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(server.await([&] { return server.connections() == 0 && gate.connections() == 0; }));
  EXPECT_EQ(gate.counters().resets, 1U);

  gate.set({"reset=30%"});
  int cut = 0, answered = 0;
  for (int i = 0; i < 60; ++i) {
    RawClient once(gate.port());
    ASSERT_TRUE(once.send(kGet));
    ++(once.read_response() ? answered : cut);
  }
  EXPECT_GT(cut, 15) << "two reads each: half of them";
  EXPECT_GT(answered, 15);
  EXPECT_EQ(gate.counters().resets, 1U + static_cast<unsigned>(cut));
}

TEST(FaultGate, SlicesAreSeenByTheReader) {
  ServerThread server(echo);
  GateThread gate(server.port());
  gate.set({"slice=1..8B"});
  RawClient client(gate.port());
  const std::string body(500, 's');
  ASSERT_TRUE(client.send(post(body)));
  const auto answer = client.read_response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "/x" + body);
  EXPECT_GE(gate.counters().writes, (post(body).size() + body.size()) / 8);
  EXPECT_GT(client.reads(), 3U);
}

TEST(FaultGate, DownRefusesAndKeepsItsPort) {
  ServerThread server(echo);
  GateThread gate(server.port());
  RawClient before(gate.port());
  ASSERT_TRUE(before.send(kGet));
  ASSERT_TRUE(before.read_response());
  for (int again = 0; again < 3; ++again) {
    gate.set({"down"});
    EXPECT_TRUE(before.closed_by_peer());
    EXPECT_FALSE(RawClient(gate.port()).connected());
    gate.set({"clear"});
    RawClient after(gate.port());
    ASSERT_TRUE(after.connected());
    ASSERT_TRUE(after.send(kGet));
    EXPECT_TRUE(after.read_response());
  }
}

TEST(FaultGate, CarriesAHalfCloseThrough) {
  ServerThread server(echo);
  GateThread gate(server.port());
  gate.set({"delay=50ms"});
  RawClient client(gate.port());
  ASSERT_TRUE(client.send(kGet + kGet));
  client.finish_sending();
  EXPECT_TRUE(client.read_response()) << "the other direction is still open";
  EXPECT_TRUE(client.read_response());
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(server.await([&] { return gate.connections() == 0; }));
}

TEST(FaultGate, ResetOfOneSideResetsTheOther) {
  ServerThread server(echo);
  GateThread gate(server.port());
  RawClient client(gate.port());
  ASSERT_TRUE(client.send("GET / HT"));
  ASSERT_TRUE(server.await([&] { return server.connections() == 1; }));
  client.reset();
  EXPECT_TRUE(server.await([&] { return server.connections() == 0 && gate.connections() == 0; }));
}

TEST(FaultGate, NobodyBehindItResetsTheCaller) {
  std::uint16_t free_port = 0;
  {
    ServerThread gone(echo);
    free_port = gone.port();
  }
  GateThread gate(free_port);
  RawClient client(gate.port());
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(gate.counters().unreachable, 1U);
}

TEST(FaultGate, MoreConnectionsThanAllowedAreReset) {
  ServerThread server(echo);
  GateThread gate(server.port(), {.connections = 2});
  RawClient one(gate.port()), two(gate.port());
  for (RawClient* client : {&one, &two}) {
    ASSERT_TRUE(client->send(kGet));
    ASSERT_TRUE(client->read_response());
  }
  RawClient three(gate.port());
  EXPECT_TRUE(three.closed_by_peer());
  EXPECT_EQ(gate.counters().refused, 1U);
  one.close();
  ASSERT_TRUE(server.await([&] { return gate.connections() == 1; }));
  RawClient four(gate.port());
  ASSERT_TRUE(four.send(kGet));
  EXPECT_TRUE(four.read_response());
}

TEST(FaultGate, StopsWithConnectionsOpenAndBytesHeld) {
  ServerThread server(echo);
  RawClient* client = nullptr;
  std::optional<RawClient> holder;
  {
    GateThread gate(server.port());
    gate.set({"delay=60s"});
    holder.emplace(gate.port());
    client = &*holder;
    ASSERT_TRUE(client->send(kGet));
    ASSERT_TRUE(server.await([&] { return server.connections() == 1; }));
  }
  EXPECT_TRUE(client->closed_by_peer());
}

TEST(GateRules, SurviveTheirOwnWords) {
  const std::vector<std::vector<std::string>> cases{{},
                                                    {"clear"},
                                                    {"delay=20ms"},
                                                    {"reset=0.01"},
                                                    {"slice=1..64B"},
                                                    {"slice=8"},
                                                    {"down"},
                                                    {"delay=1.5s", "reset=2.5%", "slice=3..3B", "down"}};
  for (const auto& words : cases) {
    const auto rules = parse_gate_rules(words);
    ASSERT_TRUE(rules) << rules.error().message();
    std::vector<std::string> again;
    const std::string text = to_words(*rules);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      again.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    const auto parsed = parse_gate_rules(again);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(*parsed == *rules) << text;
  }
}

TEST(GateRules, SayWhatIsWrongWithEveryWord) {
  struct {
    std::vector<std::string> words;
    std::string said;
  } const cases[] = {{{"delay"}, "delay must be a time up to 60s"},
                     {{"delay=20"}, "delay must be a time"},
                     {{"delay=-1ms"}, "delay must be a time"},
                     {{"delay=61s"}, "delay must be a time"},
                     {{"reset=1.5"}, "reset must be a share"},
                     {{"reset=nan"}, "reset must be a share"},
                     {{"reset=200%"}, "reset must be a share"},
                     {{"slice=0..4B"}, "slice must be bytes"},
                     {{"slice=9..4B"}, "slice must be bytes"},
                     {{"slice=1..99999999999999999999B"}, "slice must be bytes"},
                     {{"slice=B"}, "slice must be bytes"},
                     {{"down=1"}, "down takes no value"},
                     {{"delya=20ms"}, "'delya=20ms' is no fault (did you mean 'delay'?)"},
                     {{"clear", "down"}, "clear stands alone"},
                     {{"down", "down"}, "'down' is written twice"},
                     {{std::string(200, 'x')}, "a word longer than"},
                     {std::vector<std::string>(17, "down"), "more than 16 words"},
                     {{"delay=x", "reset=y"}, "reset must be a share"}};
  for (const auto& wrong : cases) {
    const auto rules = parse_gate_rules(wrong.words);
    ASSERT_FALSE(rules) << wrong.said;
    EXPECT_EQ(rules.error().code, ExitCode::usage);
    EXPECT_NE(rules.error().what.find(wrong.said), std::string::npos) << rules.error().what;
  }
}

}  // namespace
}  // namespace tidemark::net
