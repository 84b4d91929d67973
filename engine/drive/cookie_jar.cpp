#include "engine/drive/cookie_jar.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "engine/drive/response_framing.h"
#include "engine/net/ascii.h"

namespace tidemark::drive {
namespace {

// The next part up to `separator`, taken off `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::string_view path_only(std::string_view path) {
  return path.substr(0, path.find_first_of("?#"));
}

// RFC 6265, 5.1.4.
std::string_view default_path(std::string_view path) {
  path = path_only(path);
  if (path.empty() || path.front() != '/') return "/";
  const std::size_t last = path.rfind('/');
  return last == 0 ? "/" : path.substr(0, last);
}

bool path_matches(std::string_view request, std::string_view cookie) {
  request = path_only(request);
  if (!request.starts_with(cookie)) return false;
  return request.size() == cookie.size() || cookie.back() == '/' || request[cookie.size()] == '/';
}

bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         (!host.empty() && net::is_digit(host.back()) &&
          std::all_of(host.begin(), host.end(), [](char c) { return net::is_digit(c) || c == '.'; }));
}

bool domain_matches(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
         !is_address(host);
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), net::to_lower);
  return out;
}

bool number(std::string_view text, std::size_t least, std::size_t most, int& value) {
  std::size_t digits = 0;
  value = 0;
  for (; digits < text.size() && net::is_digit(text[digits]); ++digits) {
    if (digits == most) return false;
    value = value * 10 + (text[digits] - '0');
  }
  return digits >= least;
}

// "hh:mm:ss", each of one or two digits, with anything that is no digit behind it.
bool clock_time(std::string_view token, std::array<int, 3>& time) {
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string_view part = i < 2 ? take(token, ':') : token;
    if (!number(part, 1, 2, time[i])) return false;
    if (i < 2 && (token.empty() || !std::all_of(part.begin(), part.end(), net::is_digit))) return false;
  }
  return true;
}

int month_of(std::string_view token) {
  static constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                               "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (net::equal_ignoring_case(token.substr(0, 3), kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

bool is_date_delimiter(char c) {
  return !(net::is_digit(c) || c == ':' || (net::to_lower(c) >= 'a' && net::to_lower(c) <= 'z') ||
           static_cast<unsigned char>(c) >= 0x80);
}

// Max-Age: a number with an optional minus; clamped, so that sums with it cannot overflow.
bool max_age(std::string_view text, std::int64_t& seconds) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), net::is_digit)) return false;
  constexpr std::int64_t kCentury = 3'155'760'000;
  seconds = 0;
  for (const char c : text) seconds = std::min(kCentury, seconds * 10 + (c - '0'));
  if (negative) seconds = -1;
  return true;
}

}  // namespace

bool parse_cookie_date(std::string_view text, std::int64_t& seconds) {
  std::array<int, 3> time{};
  int day = 0, month = 0, year = 0;
  bool has_time = false, has_day = false, has_year = false;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && !is_date_delimiter(text[end])) ++end;
    const std::string_view token = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (token.empty()) continue;
    if (!has_time && clock_time(token, time)) {
      has_time = true;
    } else if (!has_day && number(token, 1, 2, day)) {
      has_day = true;
    } else if (month == 0 && month_of(token) != 0) {
      month = month_of(token);
    } else if (!has_year && number(token, 2, 4, year)) {
      has_year = true;
    }
  }
  if (year >= 70 && year <= 99) year += 1900;
  if (year >= 0 && year <= 69) year += 2000;
  if (!has_time || !has_day || month == 0 || !has_year || year < 1601 || time[0] > 23 || time[1] > 59 || time[2] > 59) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  seconds = std::int64_t{days.count()} * 86400 + time[0] * 3600 + time[1] * 60 + time[2];
  return true;
}

void CookieJar::store(std::string_view set_cookie, const CookieScope& from, std::int64_t now_s) {
  std::string_view rest = set_cookie;
  std::string_view pair = take(rest, ';');
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = net::trim_blanks(pair.substr(0, equals)),
                         value = net::trim_blanks(pair.substr(equals + 1));
  if (name.empty() || name.size() + value.size() > kMostBytes || has_controls(name) || has_controls(value)) return;
  Cookie cookie{.name = std::string(name), .value = std::string(value), .domain = std::string(from.host)};
  std::string_view path = default_path(from.path);
  bool aged = false;
  while (!rest.empty()) {
    std::string_view attribute = take(rest, ';');
    const std::string_view key = net::trim_blanks(take(attribute, '='));
    std::string_view text = net::trim_blanks(attribute);
    std::int64_t seconds = 0;
    if (net::equal_ignoring_case(key, "max-age") && max_age(text, seconds)) {
      aged = true;
      cookie.expires_s = seconds <= 0 ? INT64_MIN : now_s + seconds;
    } else if (net::equal_ignoring_case(key, "expires") && !aged && parse_cookie_date(text, seconds)) {
      cookie.expires_s = seconds;
    } else if (net::equal_ignoring_case(key, "domain") && !text.empty()) {
      if (text.front() == '.') text.remove_prefix(1);
      if (text.size() > kMostDomain) return;
      cookie.domain = lower(text);
      cookie.host_only = false;
    } else if (net::equal_ignoring_case(key, "path")) {
      path = text.starts_with('/') ? text : default_path(from.path);
    } else if (net::equal_ignoring_case(key, "secure")) {
      cookie.secure = true;
    }
  }
  if (path.size() > kMostPath) return;
  cookie.path = path;
  if (!domain_matches(from.host, cookie.domain)) return;
  // A whole top-level domain is nobody's, unless it is the host itself ("localhost").
  if (cookie.domain.find('.') == std::string::npos && cookie.domain != from.host) return;
  keep(std::move(cookie), now_s);
}

void CookieJar::keep(Cookie cookie, std::int64_t now_s) {
  const auto same = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& known) {
    return known.name == cookie.name && known.domain == cookie.domain && known.path == cookie.path;
  });
  if (cookie.expires_s <= now_s) {
    if (same != cookies_.end()) cookies_.erase(same);
    return;
  }
  if (same != cookies_.end()) {
    *same = std::move(cookie);
    return;
  }
  std::erase_if(cookies_, [now_s](const Cookie& known) { return known.expires_s <= now_s; });
  if (cookies_.size() >= kMostCookies) cookies_.erase(cookies_.begin());
  cookies_.push_back(std::move(cookie));
}

namespace {

// Calls with each Set-Cookie value until that returns false.
template <class F>
void each_set_cookie(std::string_view lines, F&& visit) {
  while (!lines.empty()) {
    std::string_view line = take(lines, '\n');
    std::string_view name = take(line, ':');
    if (net::equal_ignoring_case(name, "set-cookie") && !visit(net::trim_blanks(line))) return;
  }
}

}  // namespace

void CookieJar::store_all(std::string_view header_lines, const CookieScope& from, std::int64_t now_s) {
  each_set_cookie(header_lines, [&](std::string_view value) {
    store(value, from, now_s);
    return true;
  });
}

void CookieJar::append_to(std::string& out, const CookieScope& to, std::int64_t now_s) const {
  std::array<const Cookie*, kMostCookies> chosen;
  std::size_t count = 0;
  for (const Cookie& cookie : cookies_) {
    const bool host = cookie.host_only ? cookie.domain == to.host : domain_matches(to.host, cookie.domain);
    if (host && path_matches(to.path, cookie.path) && cookie.expires_s > now_s && (!cookie.secure || to.secure)) {
      chosen[count++] = &cookie;
    }
  }
  std::stable_sort(chosen.begin(), chosen.begin() + count,
                   [](const Cookie* a, const Cookie* b) { return a->path.size() > b->path.size(); });
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += "; ";
    out.append(chosen[i]->name).append("=").append(chosen[i]->value);
  }
}

const std::string* CookieJar::find(std::string_view name) const {
  for (auto cookie = cookies_.rbegin(); cookie != cookies_.rend(); ++cookie) {
    if (cookie->name == name) return &cookie->value;
  }
  return nullptr;
}

bool find_set_cookie(std::string_view header_lines, std::string_view name, std::string_view& value) {
  bool found = false;
  each_set_cookie(header_lines, [&](std::string_view text) {
    std::string_view rest = text;
    std::string_view pair = take(rest, ';');
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && net::trim_blanks(pair.substr(0, equals)) == name) {
      value = net::trim_blanks(pair.substr(equals + 1));
      found = true;
    }
    return !found;
  });
  return found;
}

}  // namespace tidemark::drive
