// Peers that misbehave, load, and running out of descriptors.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "engine/net/http_client.h"
#include "engine/net/task_group.h"
#include "tests/unit/net/run_task.h"
#include "tests/unit/net/server_thread.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<Response> echo(Request request) {
  co_return Response::text(200, request.target + request.body);
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

TEST(HttpFaults, SurviveResetsAtEveryPlace) {
  ServerThread server(echo);
  const std::string whole = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n01234567890123456789" + kGet;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    RawClient client(server.port());
    client.send(std::string_view(whole).substr(0, cut));
    cut % 2 == 0 ? client.reset() : client.close();
  }
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(client.read_response());
  EXPECT_TRUE(server.await([&] { return server.connections() == 1; }));
  EXPECT_EQ(server.counters().handler_exceptions, 0U);
}

TEST(HttpFaults, AnswerAHalfClosedConnection) {
  ServerThread server(echo);
  RawClient client(server.port());
  client.send(kGet + kGet);
  client.finish_sending();
  EXPECT_TRUE(client.read_response());
  EXPECT_TRUE(client.read_response());
  EXPECT_TRUE(client.closed_by_peer());
}

// The refusal must reach a client that is still sending: closing with unread bytes would reset the connection.
TEST(HttpFaults, TheRefusalOfALargeBodyIsReadable) {
  ServerThread server(echo);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + std::string(100'000, 'x'));
    const auto response = client.read_response();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->status, 413);
  }
}

struct Tally {
  int right = 0, wrong = 0;
  std::string first_error;
};

Task<void> one_caller(HttpClient* client, Endpoint endpoint, int caller, int calls, Tally* tally) {
  for (int i = 0; i < calls; ++i) {
    Request request;
    request.method = "POST";
    request.target = "/" + std::to_string(caller) + "-" + std::to_string(i);
    request.body.assign(static_cast<std::size_t>((caller * 37 + i * 101) % 3000), 'b');
    const std::string expected = request.target + request.body;
    const CallResult result = co_await client->call(endpoint, std::move(request), Clock::now() + seconds(60));
    const bool right = result.status == CallResult::Status::ok && result.response.body == expected;
    ++(right ? tally->right : tally->wrong);
    if (!right && tally->first_error.empty()) tally->first_error = result.error;
  }
}

Task<void> callers(asio::io_context* io, HttpClient* client, Endpoint endpoint, int count, int calls, Tally* tally) {
  TaskGroup group(*io);
  for (int i = 0; i < count; ++i) group.spawn(one_caller(client, endpoint, i, calls, tally));
  co_await group.join();
}

TEST(HttpFaults, ServeManyConnectionsAtOnce) {
  ServerThread server(echo);
  asio::io_context io(1);
  HttpClient client(io);
  Tally tally;
  run_task(io, callers(&io, &client, {"127.0.0.1", server.port()}, 300, 20, &tally), seconds(120));
  EXPECT_EQ(tally.right, 6000) << tally.first_error;
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(server.counters().accepted, 300U);
  EXPECT_EQ(server.counters().requests, 6000U);
}

// What a service under way sees of a neighbour that stops in order: answers, or failures in words; never a hang, never
// a mix-up.
TEST(HttpFaults, StopGracefullyUnderLoad) {
  ServerThread server(echo);
  asio::io_context io(1);
  HttpClient client(io);
  Tally tally;
  std::thread stopper([&] {
    server.await([&] { return server.counters().requests > 500; });
    server.stop(seconds(20));
  });
  run_task(io, callers(&io, &client, {"127.0.0.1", server.port()}, 20, 500, &tally), seconds(120));
  stopper.join();
  EXPECT_EQ(tally.right + tally.wrong, 10'000);
  EXPECT_GT(tally.right, 500);
  EXPECT_GT(tally.wrong, 0);
}

TEST(HttpFaults, StartAndStopWithoutLeavingADescriptor) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 50; ++i) {
    ServerThread server(echo);
    RawClient client(server.port());
    client.send(i % 2 == 0 ? kGet : "GET / HT");
    if (i % 2 == 0) EXPECT_TRUE(client.read_response());
  }
  EXPECT_EQ(open_descriptors(), before);
}

// Lowers the limit of this process for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lowered{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(HttpFaults, PauseWhenDescriptorsRunOutAndServeAgainAfterwards) {
  ServerThread server(echo);
  RawClient first(server.port());
  first.send(kGet);
  ASSERT_TRUE(first.read_response());
  const int waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::vector<int> taken;
  {
    const DescriptorLimit limit(512);
    for (int fd = ::dup(waiting); fd >= 0; fd = ::dup(waiting)) taken.push_back(fd);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // The kernel completes the handshake; the server cannot accept.
    ASSERT_EQ(::connect(waiting, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    // A spinning accept loop would have counted thousands between two looks.
    ASSERT_TRUE(server.await([&] { return server.counters().accept_pauses >= 3; }));
    EXPECT_LT(server.counters().accept_pauses, 100U);
    first.send(kGet);
    EXPECT_TRUE(first.read_response());  // those who are in are served meanwhile
  }
  for (const int fd : taken) ::close(fd);
  EXPECT_TRUE(server.await([&] { return server.connections() == 2; }));
  ::close(waiting);
}

// An independent client, where there is one: what we send is what curl understands.
TEST(HttpFaults, CurlAgrees) {
  if (std::system("command -v curl >/dev/null 2>&1") != 0) GTEST_SKIP() << "skipped: no curl on this machine";
  ServerThread server(echo);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  const auto curl = [](const std::string& arguments) {
    std::string out;
    FILE* pipe = ::popen(("curl -sS --max-time 10 " + arguments + " 2>&1").c_str(), "r");
    char buffer[4096];
    for (std::size_t count; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, count);
    ::pclose(pipe);
    return out;
  };
  EXPECT_EQ(curl(url + "/a"), "/a");
  EXPECT_EQ(curl("-d hello " + url + "/b"), "/bhello");
  EXPECT_EQ(curl("-H 'Transfer-Encoding: chunked' -d hello " + url + "/c"), "/chello");
  EXPECT_EQ(curl("--http1.0 " + url + "/d"), "/d");
  EXPECT_EQ(curl("-H 'Expect: 100-continue' -d hello " + url + "/e"), "/ehello");
  EXPECT_EQ(curl("-w '%{num_connects}' " + url + "/f " + url + "/g"), "/f1/g0");
  EXPECT_NE(curl("-I " + url + "/h").find("Content-Length: 2"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::net
