// TLS as a client of one origin: what is verified, what is offered, and what went wrong, in words. OpenSSL does the
// rest. A context is made when the plan is compiled, so that a missing file is an error of input; it is shared by the
// copies of the plan and constant then. A TlsClient belongs to one channel and its thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

using TlsContext = std::shared_ptr<SSL_CTX>;  // shared: each copy of the plan holds its origins' contexts

// TLS 1.2 or newer. ALPN offers what `version` says: http2 only "h2", http1 only "http/1.1", automatic both. Exit 2,
// naming the file, when the authority, certificate or key cannot be used.
Result<TlsContext> make_tls_context(const schedule::TlsOptions& options, schedule::HttpVersion version);

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

// Connections to one name, with one session that is kept and offered again.
class TlsClient {
 public:
  // `name`: host of the URL or the scenario's server name; sent as SNI unless it is an address, and looked for in the
  // certificate either way.
  TlsClient(TlsContext context, std::string name);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  SslPtr connect(int fd);  // handshake not yet begun; null: out of memory
  std::uint64_t resumed() const { return resumed_; }
  void count_handshake(const SSL* ssl) { resumed_ += SSL_session_reused(ssl) == 1 ? 1 : 0; }

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session);

  TlsContext context_;
  std::string name_;
  bool address_ = false;
  std::unique_ptr<SSL_SESSION, SslFree> session_;
  std::uint64_t resumed_ = 0;
};

// The kind of a failed handshake, read or write, as it is counted: "tls: certificate: hostname mismatch", "tls:
// handshake: wrong version number". Clears the thread's error queue.
std::string tls_problem(const SSL* ssl, int result);

// "h2", "http/1.1" or "".
std::string_view chosen_protocol(const SSL* ssl);

}  // namespace tidemark::drive
