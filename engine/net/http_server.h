// HTTP/1.1 server on one io_context: keep-alive, limits, graceful stop. Framing follows RFC 9112 strictly: a message
// with both Content-Length and Transfer-Encoding, bare LF, obs-fold or a bad chunk is answered 400 and the connection
// closed.
//
// Requests of one connection are answered in order, one at a time. A handler that throws is answered 500 and counted.
// While a handler runs no deadline of the server applies: the handler keeps its own. Deadlines are watched by one timer
// per server, so an expiry may come up to an eighth of the shortest deadline (at most 250 ms) late. Used from the
// io_context's own thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/core/error.h"
#include "engine/net/asio.h"
#include "engine/net/message.h"

namespace tidemark::net {

struct ServerLimits {
  std::uint32_t header_bytes = 8 * 1024;              // above: 431
  std::uint32_t header_fields = 100;                  // above: 431
  std::uint32_t body_bytes = 1024 * 1024;             // above: 413
  std::uint32_t connections = 10'000;                 // above: accept pauses
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
  // Closes the listener, lets requests under way finish until `grace`, then closes every connection; returns when all
  // have ended.
  Task<void> stop(std::chrono::milliseconds grace);
  std::size_t connections() const;
  // Since construction.
  struct Counters {
    std::uint64_t accepted = 0;            // connections
    std::uint64_t requests = 0;            // handed to the handler
    std::uint64_t handler_exceptions = 0;  // answered 500
    std::uint64_t refused = 0;             // malformed or too large: 400, 413, 417, 431, 501, 505
    std::uint64_t expired = 0;             // closed by a deadline, answered 408 or not at all
    std::uint64_t accept_pauses = 0;       // out of descriptors or at the limit of connections
  };
  const Counters& counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the accept loop and the connections, which may outlive a cancelled stop
};

}  // namespace tidemark::net
