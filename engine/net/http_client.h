// HTTP/1.1 client with keep-alive pools, for calls between services, scraping and control. One absolute deadline a
// call. Used from the io_context's own thread only. While calls are under way one timer is pending on the io_context;
// after the last one it lets go within 250 ms, so that an io_context can run out of work.
#pragma once

#include <memory>

#include "engine/core/error.h"

#include "engine/net/asio.h"
#include "engine/net/message.h"

namespace tidemark::net {

struct CallResult {
  enum class Status {
    ok,
    timed_out,
    failed
  } status = Status::failed;  // ok: an answer arrived, whatever its HTTP status
  Response response;
  std::string error;  // what failed, for a person: "connect 127.0.0.1:4001: Connection refused"
};

struct ClientLimits {
  std::uint32_t idle_per_endpoint = 256;  // kept connections
  std::uint32_t response_bytes = 16 * 1024 * 1024;
};

class HttpClient {
 public:
  explicit HttpClient(asio::io_context& io, ClientLimits limits = {});
  ~HttpClient();
  // A request on a kept connection that turns out closed before the first byte of an answer is sent once more on a new
  // one, if its method is idempotent or nothing of it was taken by the kernel (RFC 9110, 9.2.2: a POST that may have
  // been carried out is not repeated). Connections that the server closed while they idled are noticed before they are
  // used.
  Task<CallResult> call(Endpoint endpoint, Request request, Instant deadline);
  void close();  // drops the kept connections
  std::size_t idle_connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the calls under way
};

// A blocking call on a private io_context: for commands and tests, never on a worker.
CallResult call_blocking(const Endpoint& endpoint, Request request, Nanos timeout);
// "http://HOST:PORT[/path]" -> endpoint and path; only http, host an IP address or "localhost".
Result<std::pair<Endpoint, std::string>> parse_http_url(std::string_view url);

}  // namespace tidemark::net
