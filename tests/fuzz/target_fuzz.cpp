// The target guard: whatever is written as a URL, an address that comes out is loopback, and nothing but the host
// decides it. Names are not looked up here: only literals and "localhost" go through the decision.
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/net/http_client.h"
#include "engine/traffic/target_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string url(reinterpret_cast<const char*>(data), size);
  const auto control = tidemark::net::parse_http_url(url);
  const auto target = tidemark::traffic::parse_target(url);
  // The stricter parser accepts nothing that the guard would not, and both mean the same host and port.
  if (control && control->first.host != "localhost") {
    if (!target || target->host != control->first.host || target->port != control->first.port) std::abort();
    if (target->path != control->second) std::abort();
  }
  if (!target) return 0;
  if (target->port == 0 || target->host.empty() || target->path.empty() || target->path.front() != '/') std::abort();
  if (url.find(target->host) == std::string::npos) std::abort();
  boost::system::error_code error;
  const auto literal = boost::asio::ip::make_address(target->host, error);
  const bool looks_numeric = target->host.find_first_not_of("0123456789.xX") == std::string::npos;
  if (error && !looks_numeric) return 0;  // a name: a lookup would leave this process
  const auto allowed = tidemark::traffic::resolve_allowed(target->host);
  if (allowed && (error || !tidemark::traffic::is_loopback(*allowed) || *allowed != literal)) std::abort();
  return 0;
}
