#include "engine/net/http_server.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/unit/net/run_task.h"
#include "tests/unit/net/server_thread.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// What arrived, as text; some paths misbehave.
Task<Response> echo(Request request) {
  if (request.path() == "/throw") throw std::runtime_error("handler");
  if (request.path() == "/throw-value") throw 7;
  Response response = Response::text(200, request.method + " " + request.target + " " + request.body);
  if (request.path() == "/bad-header") response.headers.add("X", "a\r\nb");
  if (request.path() == "/close") response.headers.set("Connection", "close");
  if (request.path() == "/empty") response = Response{204, {}, {}};
  if (request.path() == "/large") response.body.assign(8 * 1024 * 1024, 'x');
  co_return response;
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(HttpServer, AnswersRequestAfterRequestOnOneConnection) {
  ServerThread server(echo);
  RawClient client(server.port());
  for (int i = 0; i < 50; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 1000, 'b');
    client.send("POST /" + std::to_string(i) +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    client.send(body);
    const auto response = client.read_response();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->body, "POST /" + std::to_string(i) + " " + body);
  }
  EXPECT_EQ(server.counters().accepted, 1U);
  EXPECT_EQ(server.counters().requests, 50U);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  ServerThread server(echo);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/" + std::to_string(i));
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 500; ++i) {
    const auto response = client.read_response();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->body, "GET /" + std::to_string(i) + " ");
  }
}

TEST(HttpServer, TurnsAnExceptionInto500AndCountsIt) {
  ServerThread server(echo);
  RawClient client(server.port());
  for (const char* target : {"/throw", "/throw-value", "/bad-header"}) {
    client.send(get(target));
    const auto response = client.read_response();
    ASSERT_TRUE(response) << target;
    EXPECT_EQ(response->status, 500) << target;
  }
  client.send(get("/still-here"));
  EXPECT_EQ(client.read_response()->status, 200);
  EXPECT_EQ(server.counters().handler_exceptions, 3U);
}

TEST(HttpServer, KeepsOrClosesAsBothSidesSay) {
  const struct {
    const char* name;
    std::string request;
    bool stays;
  } cases[] = {
      {"1.1", kGet, true},
      {"1.1 close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"handler closes", get("/close"), false},
      {"1.0", "GET / HTTP/1.0\r\n\r\n", false},
      {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  ServerThread server(echo);
  for (const auto& item : cases) {
    RawClient client(server.port());
    client.send(item.request);
    const auto response = client.read_response();
    ASSERT_TRUE(response) << item.name;
    const std::string* connection = response->headers.find("Connection");
    if (item.stays) {
      EXPECT_TRUE(connection == nullptr || *connection == "keep-alive") << item.name;
      client.send(kGet);
      EXPECT_TRUE(client.read_response()) << item.name;
    } else {
      ASSERT_NE(connection, nullptr) << item.name;
      EXPECT_EQ(*connection, "close") << item.name;
      EXPECT_TRUE(client.closed_by_peer()) << item.name;
    }
  }
}

TEST(HttpServer, SendsNoBodyWhereNoneBelongs) {
  ServerThread server(echo);
  RawClient client(server.port());
  client.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/empty") + kGet);
  const auto head = client.read_response(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(*head->headers.find("Content-Length"), std::to_string(8 * 1024 * 1024));
  EXPECT_EQ(client.read_response()->status, 204);
  EXPECT_EQ(client.read_response()->status, 200);
}

TEST(HttpServer, SendsBodiesLargerThanTheSocketTakes) {
  ServerThread server(echo);
  RawClient client(server.port());
  client.send(get("/large") + get("/large"));
  for (int i = 0; i < 2; ++i) {
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body.size(), 8U * 1024 * 1024);
  }
}

TEST(HttpServer, SaysContinueBeforeABodyThatWaitsForIt) {
  ServerThread server(echo);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  // The interim answer is skipped by the parser: that the final one comes shows that the body was asked for.
  client.send("hi");
  EXPECT_EQ(client.read_response()->body, "POST / hi");
  RawClient refused(server.port());
  refused.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n");
  EXPECT_EQ(refused.read_response()->status, 413);
}

TEST(HttpServer, NamesTheAddressItCannotListenOn) {
  ServerThread server(echo);
  asio::io_context io(1);
  HttpServer second(io, {}, echo);
  const auto taken = second.listen("127.0.0.1", server.port());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ExitCode::environment);
  EXPECT_EQ(taken.error().message(),
            "127.0.0.1:" + std::to_string(server.port()) +
                ": cannot listen: Address already in use (choose another port, or 0 to let the system pick one)");
  EXPECT_EQ(second.listen("nowhere", 1).error().code, ExitCode::environment);
}

Task<void> stop_now(HttpServer* server) {
  co_await server->stop(milliseconds(0));
}

TEST(HttpServer, StopsBeforeItsFirstTurn) {
  asio::io_context io(1);
  HttpServer server(io, {}, echo);
  ASSERT_TRUE(server.listen("127.0.0.1", 0));
  run_task(io, stop_now(&server));
  EXPECT_EQ(server.connections(), 0U);
}

TEST(HttpServer, MayBeDroppedTogetherWithItsIoContext) {
  asio::io_context io(1);
  HttpServer server(io, {}, echo);
  const auto port = server.listen("127.0.0.1", 0);
  RawClient client(*port);
  client.send("GET / HT");
  while (server.connections() == 0) io.run_one();
  io.poll();
  EXPECT_EQ(server.connections(), 1U) << "dropped with a request half read";
}

// Never answers by itself.
Task<Response> stuck(asio::io_context* io) {
  Timer timer(io->get_executor(), Instant::max());
  co_await timer.async_wait(as_values);
  co_await timer.async_wait(as_values);  // cancelled: throws
  co_return Response{};
}

TEST(HttpServer, EndsRequestsThatOutliveTheGrace) {
  ServerThread server(WithIo{[](asio::io_context& io) { return [&io](const Request&) { return stuck(&io); }; }});
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.await([&] { return server.counters().requests == 1; }));
  server.stop(milliseconds(50));
  EXPECT_TRUE(client.closed_by_peer());
}

Task<Response> after_release(asio::io_context* io, std::shared_ptr<Timer> gate) {
  co_await gate->async_wait(as_values);
  co_await asio::post(io->get_executor(), asio::deferred);
  co_return Response::text(200, "late");
}

TEST(HttpServer, LetsARequestUnderWayFinishBeforeItStops) {
  std::shared_ptr<Timer> gate;  // shared with the handler's coroutine
  ServerThread server(WithIo{[&gate](asio::io_context& io) {
    gate = std::make_shared<Timer>(io.get_executor(), Instant::max());
    return [&io, gate](const Request&) { return after_release(&io, gate); };
  }});
  RawClient idle(server.port());
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(server.await([&] { return server.counters().requests == 1 && server.connections() == 2; }));
  server.begin_stop(std::chrono::seconds(20));
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_FALSE(RawClient(server.port()).connected());
  asio::post(server.io(), [&] { std::exchange(gate, nullptr)->cancel(); });
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "late");
  EXPECT_EQ(*response->headers.find("Connection"), "close");
  EXPECT_TRUE(client.closed_by_peer());
}

}  // namespace
}  // namespace tidemark::net
