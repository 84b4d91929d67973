#include "engine/net/http_client.h"

#include <gtest/gtest.h>

#include "engine/net/task_group.h"
#include "tests/unit/net/run_task.h"
#include "tests/unit/net/server_thread.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Status = CallResult::Status;

Task<Response> echo(Request request) {
  Response response = Response::text(200, request.method + " " + request.target + " " + request.body);
  if (request.path() == "/close") response.headers.set("Connection", "close");
  if (request.path() == "/large") response.body.assign(5 * 1024 * 1024, 'x');
  if (request.path() == "/missing") response.status = 404;
  co_return response;
}

Request request(std::string target, std::string method = "GET", std::string body = {}) {
  Request made;
  made.target = std::move(target);
  made.method = std::move(method);
  made.body = std::move(body);
  return made;
}

// A server of one blocking thread that follows a script: for each connection, what it answers to each request (""
// closes).
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::vector<std::string>> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  int requests() const { return requests_; }

 private:
  void serve() {
    for (const auto& answers : script_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      converse(peer, answers);
      ::close(peer);
    }
  }
  void converse(int peer, const std::vector<std::string>& answers) {
    HttpParser parser(HttpParser::Kind::request, {});
    for (const std::string& answer : answers) {
      parser.reset();
      while (parser.state() != HttpParser::State::complete) {
        char buffer[4096];
        const ssize_t count = ::recv(peer, buffer, sizeof buffer, 0);
        if (count <= 0) return;
        parser.feed({buffer, static_cast<std::size_t>(count)});
      }
      ++requests_;
      if (answer.empty()) return;
      ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  const std::vector<std::vector<std::string>> script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_{0};
  std::thread thread_;
};

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Task<void> call_into(HttpClient* client, Endpoint endpoint, Request made, Instant deadline, CallResult* result) {
  *result = co_await client->call(endpoint, std::move(made), deadline);
}

CallResult call(asio::io_context& io, HttpClient& client, const Endpoint& endpoint, Request made,
                Nanos timeout = seconds(10)) {
  CallResult result;
  run_task(io, call_into(&client, endpoint, std::move(made), Clock::now() + timeout, &result));
  return result;
}

TEST(HttpClient, ReusesOneConnectionForCallAfterCall) {
  ServerThread server(echo);
  const Endpoint endpoint{"127.0.0.1", server.port()};
  asio::io_context io(1);
  HttpClient client(io);
  for (int i = 0; i < 20; ++i) {
    const auto result = call(io, client, endpoint, request("/" + std::to_string(i), "POST", std::string(5000, 'b')));
    ASSERT_EQ(result.status, Status::ok) << result.error;
    EXPECT_EQ(result.response.body, "POST /" + std::to_string(i) + " " + std::string(5000, 'b'));
  }
  EXPECT_EQ(server.counters().accepted, 1U);
  EXPECT_EQ(client.idle_connections(), 1U);
  EXPECT_EQ(call(io, client, endpoint, request("/close")).status, Status::ok);
  EXPECT_EQ(client.idle_connections(), 0U);
  EXPECT_EQ(call(io, client, endpoint, request("/missing")).response.status, 404);
  EXPECT_EQ(call(io, client, endpoint, request("/large")).response.body.size(), 5U * 1024 * 1024);
  EXPECT_EQ(call(io, client, endpoint, request("/large", "HEAD")).response.body.size(), 0U);
  EXPECT_EQ(call(io, client, {"localhost", server.port()}, request("/")).status, Status::ok);
  client.close();
  EXPECT_EQ(client.idle_connections(), 0U);
}

Task<void> many_calls(HttpClient* client, asio::io_context* io, Endpoint endpoint, std::vector<CallResult>* results) {
  TaskGroup group(*io);
  for (CallResult& result : *results) {
    group.spawn(call_into(client, endpoint, request("/"), Clock::now() + seconds(20), &result));
  }
  co_await group.join();
}

TEST(HttpClient, KeepsNoMoreIdleConnectionsThanItsLimit) {
  ServerThread server(echo);
  asio::io_context io(1);
  HttpClient client(io, {.idle_per_endpoint = 4});
  std::vector<CallResult> results(50);
  run_task(io, many_calls(&client, &io, {"127.0.0.1", server.port()}, &results));
  for (const CallResult& result : results) EXPECT_EQ(result.status, Status::ok) << result.error;
  EXPECT_EQ(client.idle_connections(), 4U);
}

TEST(HttpClient, SaysWhoRefusedTheConnection) {
  std::uint16_t port = 0;
  {
    ServerThread gone(echo);
    port = gone.port();
  }
  asio::io_context io(1);
  HttpClient client(io);
  const auto result = call(io, client, {"127.0.0.1", port}, request("/"));
  EXPECT_EQ(result.status, Status::failed);
  EXPECT_EQ(result.error, "connect 127.0.0.1:" + std::to_string(port) + ": Connection refused");
  EXPECT_EQ(call(io, client, {"example.org", 80}, request("/")).error, "example.org:80: not an IP address");
}

Task<Response> never(asio::io_context* io) {
  Timer timer(io->get_executor(), Instant::max());
  co_await timer.async_wait(as_values);
  co_return Response{};
}

Handler silent(asio::io_context& io) {
  return [&io](const Request&) { return never(&io); };
}

TEST(HttpClient, EndsACallAtItsDeadlineAndNotBefore) {
  ServerThread server(WithIo{silent});
  const Endpoint endpoint{"127.0.0.1", server.port()};
  asio::io_context io(1);
  HttpClient client(io);
  EXPECT_EQ(call(io, client, endpoint, request("/"), Nanos(0)).status, Status::timed_out);
  EXPECT_EQ(call(io, client, endpoint, request("/"), milliseconds(-5)).status, Status::timed_out);
  for (const int after_ms : {1, 30, 400}) {
    const Instant start = Clock::now();
    EXPECT_EQ(call(io, client, endpoint, request("/"), milliseconds(after_ms)).status, Status::timed_out);
    EXPECT_GE(Clock::now() - start, milliseconds(after_ms));
  }
  EXPECT_EQ(client.idle_connections(), 0U);
}

Task<void> staggered(HttpClient* client, asio::io_context* io, Endpoint endpoint, std::vector<CallResult>* results,
                     std::vector<int>* order) {
  TaskGroup group(*io);
  const Instant start = Clock::now();
  struct Note {
    static Task<void> done(HttpClient* caller, Endpoint at, Instant deadline, CallResult* result,
                           std::vector<int>* list, int index) {
      *result = co_await caller->call(at, request("/"), deadline);
      list->push_back(index);
    }
  };
  // Latest deadline first: the timer has to be brought forward each time.
  for (int i = 9; i >= 0; --i) {
    group.spawn(Note::done(client, endpoint, start + milliseconds(100 + 20 * i),
                           &results->at(static_cast<std::size_t>(i)), order, i));
  }
  co_await group.join();
}

TEST(HttpClient, KeepsADeadlineForEachOfManyCalls) {
  ServerThread server(WithIo{silent});
  asio::io_context io(1);
  HttpClient client(io);
  std::vector<CallResult> results(10);
  std::vector<int> order;
  run_task(io, staggered(&client, &io, {"127.0.0.1", server.port()}, &results, &order));
  for (const CallResult& result : results) EXPECT_EQ(result.status, Status::timed_out);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(HttpClient, LetsItsIoContextRunOutOfWork) {
  ServerThread server(echo);
  asio::io_context io(1);
  HttpClient client(io);
  CallResult result;
  asio::co_spawn(io,
                 call_into(&client, {"127.0.0.1", server.port()}, request("/"), Clock::now() + seconds(60), &result),
                 [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  const Instant start = Clock::now();
  io.run();  // a timer armed for the deadline would keep it here for a minute
  EXPECT_LT(Clock::now() - start, seconds(30));
  EXPECT_EQ(result.status, Status::ok);
}

TEST(HttpClient, SendsOnceMoreWhenAKeptConnectionIsClosedUnderIt) {
  // Answers once, reads the second request and closes: as if the close had crossed it.
  ScriptedServer server({{kOk, ""}, {kOk}});
  asio::io_context io(1);
  HttpClient client(io);
  ASSERT_EQ(call(io, client, server.endpoint(), request("/")).status, Status::ok);
  const auto second = call(io, client, server.endpoint(), request("/"));
  EXPECT_EQ(second.status, Status::ok) << second.error;
  EXPECT_EQ(server.requests(), 3);
}

TEST(HttpClient, DoesNotRepeatAPostThatMayHaveBeenCarriedOut) {
  ScriptedServer server({{kOk, ""}, {kOk}});
  asio::io_context io(1);
  HttpClient client(io);
  ASSERT_EQ(call(io, client, server.endpoint(), request("/", "POST")).status, Status::ok);
  const auto second = call(io, client, server.endpoint(), request("/", "POST"));
  EXPECT_EQ(second.status, Status::failed);
  EXPECT_EQ(second.error, server.endpoint().authority() + ": closed before the answer was complete");
  EXPECT_EQ(server.requests(), 2);
}

TEST(HttpClient, NoticesAConnectionThatWasClosedWhileItIdled) {
  ServerLimits limits;
  limits.idle_deadline = milliseconds(40);
  ServerThread server(echo, limits);
  const Endpoint endpoint{"127.0.0.1", server.port()};
  asio::io_context io(1);
  HttpClient client(io);
  ASSERT_EQ(call(io, client, endpoint, request("/", "POST")).status, Status::ok);
  ASSERT_TRUE(server.await([&] { return server.connections() == 0; }));
  const auto second = call(io, client, endpoint, request("/", "POST"));
  EXPECT_EQ(second.status, Status::ok) << second.error;
}

TEST(HttpClient, DoesNotRepeatOnANewConnection) {
  ScriptedServer server({{""}, {kOk}});
  asio::io_context io(1);
  HttpClient client(io);
  EXPECT_EQ(call(io, client, server.endpoint(), request("/")).status, Status::failed);
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpClient, ReportsAnswersItCannotFrame) {
  const struct {
    std::string answer;
    std::string error;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "closed before the answer was complete"},
      {"HTTP/1.1 200 OK\r\nContent-Le", "closed before the answer was complete"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "body too large"},
      {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line ended by a bare LF"},
      {"SSH-2.0-OpenSSH\r\n", "malformed status line"},
  };
  for (const auto& item : cases) {
    ScriptedServer server({{item.answer}});
    asio::io_context io(1);
    HttpClient client(io);
    const auto result = call(io, client, server.endpoint(), request("/"));
    EXPECT_EQ(result.status, Status::failed);
    EXPECT_NE(result.error.find(item.error), std::string::npos) << result.error;
  }
  ScriptedServer closing({{"HTTP/1.0 200 OK\r\n\r\nuntil the end"}});
  asio::io_context io(1);
  HttpClient client(io);
  EXPECT_EQ(call(io, client, closing.endpoint(), request("/")).response.body, "until the end");
  EXPECT_EQ(client.idle_connections(), 0U);
}

TEST(HttpClient, DoesNotKeepAConnectionWithBytesNobodyAskedFor) {
  ScriptedServer server({{kOk + kOk}, {kOk}});
  asio::io_context io(1);
  HttpClient client(io);
  ASSERT_EQ(call(io, client, server.endpoint(), request("/")).status, Status::ok);
  EXPECT_EQ(client.idle_connections(), 0U);
}

TEST(HttpClient, RefusesToSendWhatWouldBreakTheFraming) {
  ScriptedServer server({{kOk}});
  asio::io_context io(1);
  HttpClient client(io);
  EXPECT_EQ(call(io, client, server.endpoint(), request("/a b")).status, Status::failed);
  EXPECT_EQ(server.requests(), 0);
}

TEST(CallBlocking, ReturnsTheAnswerOrTheReason) {
  ServerThread server(echo);
  const auto result = call_blocking({"127.0.0.1", server.port()}, request("/x"), seconds(10));
  ASSERT_EQ(result.status, Status::ok) << result.error;
  EXPECT_EQ(result.response.body, "GET /x ");
  EXPECT_EQ(call_blocking({"127.0.0.1", server.port()}, request("/x"), Nanos(0)).status, Status::timed_out);
}

}  // namespace
}  // namespace tidemark::net
