// The cookies of one user (RFC 6265, the subset that a load needs): domain, path, expiry and Secure decide which go
// with a request; HttpOnly and SameSite are for browsers and are ignored. Bounded, so that a server which sets a new
// cookie on every answer cannot fill the generator. Pure: time comes in. One owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::drive {

struct CookieScope {      // the request that a cookie came with, or is to go with
  std::string_view host;  // lower case, without port
  std::string_view path;  // of the URL; a query is cut off
  bool secure = false;    // TLS
};

class CookieJar {
 public:
  static constexpr std::size_t kMostCookies = 64;  // beyond: the oldest goes
  static constexpr std::size_t kMostBytes = 4096;  // name and value of one cookie; a longer one is ignored
  static constexpr std::size_t kMostDomain = 255, kMostPath = 1024;

  // The value of one Set-Cookie field. Ignored: a name that is empty or holds a control character, and a Domain that
  // is not the host's own or a parent of it with a dot inside. `now_s`: seconds since 1970.
  void store(std::string_view set_cookie, const CookieScope& from, std::int64_t now_s);

  // All Set-Cookie fields among "name: value\n" lines.
  void store_all(std::string_view header_lines, const CookieScope& from, std::int64_t now_s);

  // Appends "a=1; b=2" to `out`: longer paths first, then older cookies. Nothing when none fits.
  void append_to(std::string& out, const CookieScope& to, std::int64_t now_s) const;

  // The newest cookie of that name, whatever its scope; nullptr when there is none.
  const std::string* find(std::string_view name) const;
  std::size_t size() const { return cookies_.size(); }
  void clear() { cookies_.clear(); }

 private:
  struct Cookie {
    std::string name, value, domain, path;
    std::int64_t expires_s = INT64_MAX;
    bool host_only = true, secure = false;
  };
  void keep(Cookie cookie, std::int64_t now_s);

  std::vector<Cookie> cookies_;  // by age of creation
};

// The value of the Set-Cookie called `name` among header lines; false: there is none.
bool find_set_cookie(std::string_view header_lines, std::string_view name, std::string_view& value);

// RFC 6265, 5.1.1: seconds since 1970, or false.
bool parse_cookie_date(std::string_view text, std::int64_t& seconds);

}  // namespace tidemark::drive
