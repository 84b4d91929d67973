// The server's limits over real sockets: every refusal is answered with its status, and the connection is closed
// afterwards.
#include <gtest/gtest.h>

#include "tests/unit/net/request_cases.h"
#include "tests/unit/net/server_thread.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;

Task<Response> echo(Request request) {
  co_return Response::text(200, request.body);
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HttpLimits, AnswerTheTableAndCloseAfterEveryRefusal) {
  ASSERT_GE(framing_cases().size(), 60U);
  ServerThread server(echo);
  std::uint64_t refused = 0;
  for (const RequestCase& item : framing_cases()) {
    RawClient client(server.port());
    // A request behind it must not be answered by a server that lost the framing.
    client.send(item.bytes + (item.status == 200 ? "" : kGet));
    client.finish_sending();
    const auto response = client.read_response();
    ASSERT_TRUE(response) << item.name;
    EXPECT_EQ(response->status, item.status) << item.name << ": " << response->body;
    if (item.status == 200) {
      EXPECT_EQ(response->body, item.body) << item.name;
    } else {
      ++refused;
      EXPECT_EQ(*response->headers.find("Connection"), "close") << item.name;
    }
    EXPECT_TRUE(client.closed_by_peer()) << item.name;
  }
  EXPECT_EQ(server.counters().refused, refused);
  EXPECT_EQ(server.counters().requests, framing_cases().size() - refused);
}

TEST(HttpLimits, TakeRequestsCutAtEveryByte) {
  ServerThread server(echo);
  const std::string whole =
      "POST /cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
      "world\r\n0\r\nX-Sum: 1\r\n\r\n";
  RawClient client(server.port());
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const auto before = server.counters().requests;
    ASSERT_TRUE(client.send(std::string_view(whole).substr(0, cut)));
    EXPECT_EQ(server.counters().requests, before) << cut;
    ASSERT_TRUE(client.send(std::string_view(whole).substr(cut)));
    const auto response = client.read_response();
    ASSERT_TRUE(response) << cut;
    EXPECT_EQ(response->body, "hello world") << cut;
  }
  for (const char byte : whole) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.read_response()->body, "hello world");
  EXPECT_EQ(server.counters().accepted, 1U);
}

TEST(HttpLimits, EndARequestWhoseHeaderDribbles) {
  ServerLimits limits;
  limits.header_deadline = milliseconds(150);
  ServerThread server(echo, limits);
  RawClient client(server.port());
  const Instant start = Clock::now();
  // A byte now and then does not extend the deadline: it counts from the first one. The pause is the attacker's pace,
  // and keeps the header below its limit of bytes; nothing is awaited by it.
  bool open = client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  for (int sent = 0; open && sent < 5000 && server.counters().expired == 0; ++sent) {
    ::poll(nullptr, 0, 2);
    open = client.send("x");
  }
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
  EXPECT_GE(Clock::now() - start, limits.header_deadline);
  EXPECT_EQ(server.counters().expired, 1U);
}

TEST(HttpLimits, EndARequestWhoseBodyStalls) {
  ServerLimits limits;
  limits.body_deadline = milliseconds(100);
  ServerThread server(echo, limits);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
  client.close();
}

TEST(HttpLimits, CloseAnIdleConnectionWithoutAWord) {
  ServerLimits limits;
  limits.idle_deadline = milliseconds(60);
  ServerThread server(echo, limits);
  RawClient never_spoke(server.port());
  EXPECT_TRUE(never_spoke.closed_by_peer());
  RawClient spoke(server.port());
  spoke.send(kGet);
  ASSERT_TRUE(spoke.read_response());
  EXPECT_TRUE(spoke.closed_by_peer());
  EXPECT_EQ(server.counters().expired, 2U);
}

TEST(HttpLimits, CloseAConnectionThatDoesNotReadItsAnswer) {
  ServerLimits limits;
  limits.body_deadline = milliseconds(100);
  ServerThread server(
      [](Request) -> Task<Response> { co_return Response::text(200, std::string(64 * 1024 * 1024, 'x')); }, limits);
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_TRUE(server.await([&] { return server.counters().expired == 1 && server.connections() == 0; }));
}

TEST(HttpLimits, PauseAcceptingAtTheLimitOfConnections) {
  ServerLimits limits;
  limits.connections = 3;
  ServerThread server(echo, limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(kGet);
  }
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(clients[i].read_response()) << i;
  EXPECT_EQ(server.connections(), 3U);
  EXPECT_EQ(server.counters().accept_pauses, 1U);  // paused, not spinning
  clients[0].close();
  clients[1].close();
  for (std::size_t i = 3; i < 5; ++i) ASSERT_TRUE(clients[i].read_response()) << i;
}

}  // namespace
}  // namespace tidemark::net
