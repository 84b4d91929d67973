// A server on a thread of the test that notes when each request came, and answers as the test says: at once, after a
// while, with an error, or never. Joined by the destructor.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "engine/net/http_server.h"

namespace tidemark::test {

class WatchedServer {
 public:
  WatchedServer() : server_(io_, {}, [this](net::Request request) { return answer(std::move(request)); }) {
    const auto port = server_.listen("127.0.0.1", 0);
    port_ = port ? *port : 0;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~WatchedServer() {
    io_.stop();
    thread_.join();
  }
  WatchedServer(const WatchedServer&) = delete;
  WatchedServer& operator=(const WatchedServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  std::uint64_t requests() const { return requests_.load(); }
  Instant last_request() const { return Instant(Nanos(last_ns_.load())); }
  Instant failing_since() const { return Instant(Nanos(failing_ns_.load())); }

  void answer_after(std::chrono::milliseconds delay) { delay_ms_ = delay.count(); }
  void fail_from_now() {
    failing_ns_ = Clock::now().time_since_epoch().count();
    failing_ = true;
  }

 private:
  net::Task<net::Response> answer(net::Request /*request*/) {
    last_ns_ = Clock::now().time_since_epoch().count();
    ++requests_;
    if (delay_ms_ > 0) {
      net::Timer timer(io_.get_executor());
      timer.expires_after(std::chrono::milliseconds(delay_ms_));
      co_await timer.async_wait(net::as_values);
    }
    co_return failing_ ? net::Response::text(503, "no") : net::Response::text(200, "ok");
  }

  net::asio::io_context io_{1};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::int64_t> last_ns_{0}, failing_ns_{0}, delay_ms_{0};
  std::atomic<bool> failing_{false};
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tidemark::test
