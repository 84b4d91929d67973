// Foreign bytes through what reads an answer's header and content: Set-Cookie, its dates, Location, Content-Encoding,
// and the scrubber. No crash, bounds kept, and what must hold of any result does.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/drive/content_coding.h"
#include "engine/drive/cookie_jar.h"
#include "engine/drive/redirect.h"
#include "engine/net/ascii.h"
#include "engine/traffic/scrubber.h"

namespace {

using namespace tidemark;

void require(bool holds) {
  if (!holds) std::abort();
}

void cookies(std::string_view text) {
  drive::CookieJar jar;
  const drive::CookieScope scope{.host = "shop.example.org", .path = "/a/b?c", .secure = true};
  jar.store_all(text, scope, 1'700'000'000);
  jar.store(text, scope, 1'700'000'000);
  require(jar.size() <= drive::CookieJar::kMostCookies);
  std::string sent;
  jar.append_to(sent, scope, 1'700'000'001);
  require(net::is_field_value(sent));  // it goes into a header
  std::int64_t seconds = 0;
  drive::parse_cookie_date(text, seconds);
}

void location(std::string_view text) {
  const auto to = drive::resolve_location({"http", "127.0.0.1", 8080, "/a/b?c"}, text);
  if (to) require(net::is_url_text(to->path) && to->path.front() == '/' && !to->host.empty() && to->port != 0);
}

void content(std::string_view text) {
  static constexpr std::string_view kCodings[] = {"gzip", "zstd", "deflate", "gzip, zstd", "identity"};
  constexpr std::size_t kMost = 1 << 20;
  std::string out;
  for (const auto coding : kCodings) {
    if (drive::decode_content(coding, text, out, kMost).empty()) require(out.size() <= kMost);
  }
  drive::decode_content(text.substr(0, 32), text, out, kMost);
}

void scrubbing(std::string_view text) {
  traffic::scrub_body(text);
  traffic::scrub_target(text);
  traffic::scrub_header(text);
  // A credential in front of anything must not come through.
  const std::string body = R"({"password":"CANARY-1","x":)" + std::string(text);
  require(traffic::scrub_body(body).find("CANARY-1") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      cookies(text);
      break;
    case 1:
      location(text);
      break;
    case 2:
      content(text);
      break;
    default:
      scrubbing(text);
  }
  return 0;
}
