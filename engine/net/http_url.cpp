#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "engine/net/ascii.h"
#include "engine/net/http_client.h"

namespace tidemark::net {

Result<std::pair<Endpoint, std::string>> parse_http_url(std::string_view url) {
  const std::string place = "URL \"" + std::string(url) + "\"";
  const auto wrong = [&place](std::string what, std::string advice = {}) {
    return fail(ExitCode::usage, place, std::move(what), std::move(advice));
  };
  constexpr std::string_view kScheme = "http://";
  if (url.size() < kScheme.size() || !equal_ignoring_case(url.substr(0, kScheme.size()), kScheme)) {
    return wrong("does not begin with http://", "write it as http://127.0.0.1:8080/path");
  }
  if (!is_url_text(url) || url.find('#') != std::string_view::npos) {
    return wrong("holds a blank, a control character, a fragment or a character that must be escaped");
  }
  url.remove_prefix(kScheme.size());
  const auto slash = url.find_first_of("/?");
  std::string_view authority = url.substr(0, slash);
  std::string path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  if (path.front() == '?') path.insert(path.begin(), '/');

  const bool bracketed = !authority.empty() && authority.front() == '[';
  const auto host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) return wrong("no ] behind the address");
  const std::string host(bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end));
  authority.remove_prefix(std::min(authority.size(), host.size() + (bracketed ? 2 : 0)));
  boost::system::error_code error;
  if (bracketed) {
    asio::ip::make_address_v6(host, error);
  } else if (host != "localhost") {
    asio::ip::make_address_v4(host, error);
  }
  if (error || host.find('%') != std::string::npos)
    return wrong("host \"" + host + "\" is neither an IP address nor localhost");

  std::uint32_t port = 80;
  if (!authority.empty()) {
    if (authority.front() != ':') return wrong("characters between ] and the port");
    authority.remove_prefix(1);
    port = 0;
    const bool digits = authority.size() <= 5 && std::all_of(authority.begin(), authority.end(), is_digit);
    for (const char c : digits ? authority : std::string_view()) port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port == 0 || port > 65535) return wrong("port \"" + std::string(authority) + "\" is not in 1..65535");
  }
  return std::pair<Endpoint, std::string>{Endpoint{host, static_cast<std::uint16_t>(port)}, std::move(path)};
}

}  // namespace tidemark::net
