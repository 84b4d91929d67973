// A small HTTP server on a thread of the test: 200 for everything, 500 for /error. Joined by the destructor.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "engine/net/http_server.h"

namespace tidemark::test {

class LocalServer {
 public:
  LocalServer() : server_(io_, {}, &LocalServer::answer) {
    const auto port = server_.listen("127.0.0.1", 0);
    port_ = port ? *port : 0;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~LocalServer() {
    io_.stop();
    thread_.join();
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

 private:
  static net::Task<net::Response> answer(net::Request request) {
    co_return request.path() == "/error" ? net::Response::text(500, "error") : net::Response::text(200, "ok");
  }

  net::asio::io_context io_{1};
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tidemark::test
