// Real sockets for tests: an HttpServer on a thread of its own, and a client that sends exactly the bytes it is told
// to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/net/http_parser.h"
#include "engine/net/http_server.h"

namespace tidemark::net {

// For handlers that wait on something of the server's io_context.
struct WithIo {
  std::function<Handler(asio::io_context&)> make;
};

class ServerThread {
 public:
  explicit ServerThread(Handler handler, ServerLimits limits = {})
      : ServerThread(WithIo{[&](asio::io_context&) { return std::move(handler); }}, limits) {}
  explicit ServerThread(const WithIo& with, ServerLimits limits = {}) : server_(io_, limits, with.make(io_)) {
    const auto port = server_.listen("127.0.0.1", 0);
    EXPECT_TRUE(port) << (port ? "" : port.error().message());
    port_ = port.value_or(0);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ServerThread() { stop(std::chrono::milliseconds(0)); }
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  std::uint16_t port() const { return port_; }
  asio::io_context& io() { return io_; }

  void stop(std::chrono::milliseconds grace) {
    if (!thread_.joinable()) return;
    begin_stop(grace);
    thread_.join();
  }
  // Returns at once; the thread ends when the server has stopped.
  void begin_stop(std::chrono::milliseconds grace) {
    asio::post(io_, [this, grace] {
      if (std::exchange(stopping_, true)) return;
      asio::co_spawn(io_, server_.stop(grace), [this](const std::exception_ptr& error) {
        EXPECT_FALSE(error);
        work_.reset();
      });
    });
  }
  // Evaluated on the server's thread.
  HttpServer::Counters counters() {
    return on_thread([this] { return server_.counters(); });
  }
  std::size_t connections() {
    return on_thread([this] { return server_.connections(); });
  }
  // Polls until the condition on the counters holds; false after ten seconds.
  template <class Condition>
  bool await(Condition condition) {
    const Instant deadline = Clock::now() + std::chrono::seconds(10);
    while (Clock::now() < deadline) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
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
  HttpServer server_;
  std::optional<asio::executor_work_guard<IoExecutor>> work_{asio::make_work_guard(io_)};
  std::uint16_t port_ = 0;
  bool stopping_ = false;  // the server's thread only
  std::thread thread_;
};

// A blocking socket. Every wait ends after ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), unread_(std::move(other.unread_)) {}
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return connected_; }
  std::size_t reads() const { return reads_; }  // in so many pieces did the answers come
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // Sends a reset instead of closing in order.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  // The next answer on this connection; nullopt when the connection ended first.
  std::optional<Response> read_response(bool head_request = false) {
    HttpParser parser(HttpParser::Kind::response, {64 * 1024, 256, 64 * 1024 * 1024});
    parser.reset(head_request);
    while (true) {
      unread_.erase(0, parser.feed(unread_));
      if (parser.state() == HttpParser::State::complete) return parser.take_response();
      if (parser.state() == HttpParser::State::failed || !read_some()) return std::nullopt;
    }
  }
  // True when the peer closes (or resets) without another byte.
  bool closed_by_peer() { return unread_.empty() && !read_some() && !timed_out_; }

 private:
  bool read_some() {
    pollfd ready{fd_, POLLIN, 0};
    timed_out_ = ::poll(&ready, 1, 10'000) != 1;
    if (timed_out_) return false;
    char buffer[16 * 1024];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    ++reads_;
    if (count > 0) unread_.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }

  int fd_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::size_t reads_ = 0;
  std::string unread_;
};

}  // namespace tidemark::net
