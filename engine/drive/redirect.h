// Where an answer of status 3xx sends its user next, and with which method (RFC 9110, 15.4; RFC 3986, 5.2). Decides
// nothing about hosts: the caller follows only to an origin that the target guard has let through. Pure: thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::drive {

struct WebLocation {
  std::string scheme;  // lower case
  std::string host;    // lower case, without brackets
  std::uint16_t port = 0;
  std::string path;  // with query; begins with "/"
};

// 301, 302, 303, 307, 308: those that name a place to go on to by itself.
constexpr bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The method of the next request. 303: GET, but HEAD stays. 301 and 302: POST becomes GET, as every client does. 307
// and 308: as it was. A method that became GET sends no body.
std::string_view redirected_method(int status, std::string_view method);

// `reference` (a Location field, absolute or relative) seen from `base`. Dot segments are taken out, a fragment is cut
// off, blanks and bytes that no URL may hold are percent-encoded. nullopt: malformed, or neither http nor https.
std::optional<WebLocation> resolve_location(const WebLocation& base, std::string_view reference);

}  // namespace tidemark::drive
