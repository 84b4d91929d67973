#include "engine/drive/redirect.h"

#include <algorithm>

#include "engine/net/ascii.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kMostBytes = 8 * 1024;  // of a Location field
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte > '~' || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos) {
      out.push_back('%');
      out.push_back(kHexDigits[byte >> 4U]);
      out.push_back(kHexDigits[byte & 15U]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// RFC 3986, 5.2.4, of a path that begins with "/".
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);  // "/name"
    path.remove_prefix(end);
    const bool last = path.empty();
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.erase(out.empty() ? 0 : out.rfind('/'));
      if (last) out.push_back('/');
    } else {
      out.append(segment);
    }
  }
  return out.empty() ? "/" : out;
}

// A scheme in front: letters, digits, "+-." up to a colon, beginning with a letter.
bool has_scheme(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || net::to_lower(text[0]) < 'a' || net::to_lower(text[0]) > 'z') {
    return false;
  }
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return net::is_digit(c) || (net::to_lower(c) >= 'a' && net::to_lower(c) <= 'z') || c == '+' || c == '-' || c == '.';
  });
}

std::string joined_path(std::string_view base, std::string_view reference) {
  const std::string_view base_path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string(base);
  if (reference.front() == '?') return std::string(base_path).append(reference);
  std::string_view path = reference.substr(0, reference.find('?'));
  const std::string_view query = reference.substr(path.size());
  std::string whole(path.front() == '/' ? std::string_view() : base_path.substr(0, base_path.rfind('/') + 1));
  whole.append(path);
  return without_dot_segments(whole).append(query);
}

std::optional<WebLocation> absolute(const std::string& url) {
  auto parsed = traffic::parse_target(url, {"http", "https"});
  if (!parsed) return std::nullopt;
  std::string host = parsed->host;
  std::transform(host.begin(), host.end(), host.begin(), net::to_lower);
  const std::string_view path = parsed->path;
  const std::string_view query = path.substr(std::min(path.find('?'), path.size()));
  return WebLocation{.scheme = parsed->scheme,
                     .host = std::move(host),
                     .port = parsed->port,
                     .path = without_dot_segments(path.substr(0, path.size() - query.size())).append(query)};
}

}  // namespace

std::string_view redirected_method(int status, std::string_view method) {
  if (status == 303 && method != "HEAD") return "GET";
  if ((status == 301 || status == 302) && method == "POST") return "GET";
  return method;
}

std::optional<WebLocation> resolve_location(const WebLocation& base, std::string_view reference) {
  reference = net::trim_blanks(reference);
  if (reference.size() > kMostBytes) return std::nullopt;
  const std::string text = encoded(reference.substr(0, reference.find('#')));
  if (has_scheme(text)) return absolute(text);
  if (text.starts_with("//")) return absolute(base.scheme + ":" + text);
  WebLocation found = base;
  found.path = joined_path(base.path, text);
  if (!net::is_url_text(found.path)) return std::nullopt;
  return found;
}

}  // namespace tidemark::drive
