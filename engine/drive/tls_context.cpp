#include "engine/drive/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace tidemark::drive {
namespace {

using schedule::HttpVersion;

// Which TlsClient an SSL belongs to, for the callback that hands over a new session.
int owner_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::string last_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown" : reason;
}

tl::unexpected<Error> unusable(const char* field, const std::filesystem::path& file) {
  return fail(ExitCode::usage, std::string("tls.") + field, file.string() + ": " + last_reason(),
              "name a file in PEM format");
}

Result<void> load_files(SSL_CTX* context, const schedule::TlsOptions& options) {
  if (!options.ca.empty() && SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1)
    return unusable("ca", options.ca);
  if (options.ca.empty() && options.verify && SSL_CTX_set_default_verify_paths(context) != 1)
    return fail(ExitCode::environment, "tls", "the system's certificates: " + last_reason(), "give tls.ca");
  if (options.certificate.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1)
    return unusable("certificate", options.certificate);
  const auto& key = options.key.empty() ? options.certificate : options.key;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) return unusable("key", key);
  if (SSL_CTX_check_private_key(context) != 1) {
    return fail(ExitCode::usage, "tls.key", key.string() + " is not the key of " + options.certificate.string(),
                last_reason());
  }
  return {};
}

std::string_view offered(HttpVersion version) {
  using namespace std::string_view_literals;
  switch (version) {
    case HttpVersion::http1:
      return "\x08http/1.1"sv;
    case HttpVersion::http2:
      return "\x02h2"sv;
    case HttpVersion::automatic:
      break;
  }
  return "\x02h2\x08http/1.1"sv;
}

bool is_address(const std::string& name) {
  ASN1_OCTET_STRING* octets = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(octets);
  ERR_clear_error();
  return octets != nullptr;
}

}  // namespace

Result<TlsContext> make_tls_context(const schedule::TlsOptions& options, HttpVersion version) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return fail(ExitCode::environment, "tls", last_reason(), "check the installation of OpenSSL");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  // Buffers are freed while a connection idles; one read takes header and body of a record; a send that the kernel took
  // only a part of may be repeated from a buffer that has moved.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  if (auto loaded = load_files(context.get(), options); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  const std::string_view protocols = offered(version);
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  return context;
}

TlsClient::TlsClient(TlsContext context, std::string name)
    : context_(std::move(context)), name_(std::move(name)), address_(is_address(name_)) {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
}

SslPtr TlsClient::connect(int fd) {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_ex_data(ssl.get(), owner_index(), this);
  if (address_) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name_.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), name_.c_str());
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl.get(), name_.c_str());
  }
  if (session_) SSL_set_session(ssl.get(), session_.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

// The newest ticket is kept: servers send several and may accept each only once.
int TlsClient::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* client = static_cast<TlsClient*>(SSL_get_ex_data(ssl, owner_index()));
  if (client == nullptr) return 0;
  client->session_.reset(session);
  return 1;
}

std::string tls_problem(const SSL* ssl, int result) {
  const int system = errno;
  const int kind = SSL_get_error(ssl, result);
  const bool connected = SSL_is_init_finished(ssl) != 0;
  const long verified = SSL_get_verify_result(ssl);
  if (!connected && verified != X509_V_OK && (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0) {
    ERR_clear_error();
    return std::string("tls: certificate: ") + X509_verify_cert_error_string(verified);
  }
  const std::string where = connected ? "tls: " : "tls: handshake: ";
  if (kind == SSL_ERROR_ZERO_RETURN) return where + "connection closed";
  if (kind == SSL_ERROR_SYSCALL && ERR_peek_last_error() == 0)
    return where + (system == 0 ? "connection closed" : std::strerror(system));
  const std::string reason = last_reason();
  return where + (reason == "unexpected eof while reading" ? "connection closed" : reason);
}

std::string_view chosen_protocol(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace tidemark::drive
