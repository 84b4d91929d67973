// HTTP/1.1 server on one io_context: keep-alive, limits, graceful stop. Framing follows RFC 9112 strictly: a message with both
// Content-Length and Transfer-Encoding, bare LF, obs-fold or a bad chunk is answered 400 and the connection closed.
// Used from the io_context's own thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/core/error.h"
#include "engine/net/asio.h"
#include "engine/net/message.h"

namespace tidemark::net {

struct ServerLimits {
  std::uint32_t header_bytes = 8 * 1024;         // above: 431
  std::uint32_t header_fields = 100;             // above: 431
  std::uint32_t body_bytes = 1024 * 1024;        // above: 413
  std::uint32_t connections = 10'000;            // above: accept pauses
  std::chrono::milliseconds header_deadline{10'000};  // from the first byte of a request to its last header
  std::chrono::milliseconds idle_deadline{60'000};    // between requests
  std::chrono::milliseconds body_deadline{30'000};
};

using Handler = std::function<Task<Response>(Request)>;

class HttpServer {
 public:
  HttpServer(asio::io_context& io, ServerLimits limits, Handler handler);
  ~HttpServer();  // stop() must have been awaited, or the io_context must no longer run

  // Binds and starts accepting; port 0 picks one. The error names address and port (exit 4).
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  // Closes the listener, lets requests under way finish until `grace`, then closes every connection; returns when all have ended.
  Task<void> stop(std::chrono::milliseconds grace);
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the accept loop and the connections, which may outlive a cancelled stop
};

}  // namespace tidemark::net
