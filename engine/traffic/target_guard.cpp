#include "engine/traffic/target_guard.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string_view>

#include "engine/net/ascii.h"

namespace tidemark::traffic {
namespace {

namespace ip = boost::asio::ip;

constexpr const char* kAdvice = "load goes to loopback addresses only";

std::string quoted(const std::string& host) {
  return "target \"" + host + "\"";
}

tl::unexpected<Error> refused(const std::string& host, std::string what) {
  return fail(ExitCode::refused_target, quoted(host), std::move(what), kAdvice);
}

// The last label is a number in some base: legacy resolvers read such a "name" as an address.
bool ends_in_number(std::string_view name) {
  const std::string_view label = name.substr(name.rfind('.') + 1);
  if (label.size() >= 2 && label[0] == '0' && net::to_lower(label[1]) == 'x') {
    return std::all_of(label.begin() + 2, label.end(), [](char c) { return net::hex_digit(c) >= 0; });
  }
  return !label.empty() && std::all_of(label.begin(), label.end(), net::is_digit);
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    const auto allowed = [](char c) {
      return net::is_digit(c) || (net::to_lower(c) >= 'a' && net::to_lower(c) <= 'z') || c == '-';
    };
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), allowed)) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

bool has_punycode(std::string_view name) {
  while (true) {
    if (net::equal_ignoring_case(name.substr(0, 4), "xn--")) return true;
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return false;
    name.remove_prefix(dot + 1);
  }
}

// 0: not a port one can connect to.
int port_number(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || !std::all_of(digits.begin(), digits.end(), net::is_digit)) return 0;
  int number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number <= 65535 ? number : 0;
}

std::uint16_t default_port(std::string_view scheme) {
  constexpr std::pair<std::string_view, std::uint16_t> kPorts[] = {
      {"http", 80}, {"https", 443}, {"redis", 6379}, {"mysql", 3306}, {"kafka", 9092}};
  const auto* const known =
      std::find_if(std::begin(kPorts), std::end(kPorts), [scheme](const auto& entry) { return entry.first == scheme; });
  return known == std::end(kPorts) ? std::uint16_t{0} : known->second;
}

// Something in the authority that two programs may read as two hosts.
bool hides_host(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, std::min(rest.find_first_of("/?"), rest.size()));
  const auto plain = [](char c) {
    return net::is_digit(c) || (net::to_lower(c) >= 'a' && net::to_lower(c) <= 'z') ||
           std::string_view(".-_:[]+").find(c) != std::string_view::npos;
  };
  return !std::all_of(authority.begin(), authority.end(), plain);
}

}  // namespace

// By hand and not by Boost.URL: in 1.81 that takes "http://127.0.0.1.example.org/" for the host 127.0.0.1 and the path
// ".example.org/", because its IPv4 rule stops at a prefix.
Result<ParsedTarget> parse_target(const std::string& url, std::initializer_list<std::string_view> schemes) {
  const auto wrong = [&url](std::string what, std::string advice = {}) {
    return fail(ExitCode::usage, quoted(url), std::move(what), std::move(advice));
  };
  const char* const example = "write it as http://127.0.0.1:8080/path";
  if (hides_host(url)) {
    return refused(url, "the host is not plain: user information, escapes, a zone id or foreign characters in it");
  }
  if (!net::is_url_text(url)) return wrong("holds a blank or a character that must be escaped in a URL");
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return wrong("not an absolute URL", example);
  const auto* const scheme = std::find_if(schemes.begin(), schemes.end(), [&](std::string_view allowed) {
    return net::equal_ignoring_case(std::string_view(url).substr(0, scheme_end), allowed);
  });
  if (scheme == schemes.end()) {
    std::string names;
    for (const auto allowed : schemes) names += (names.empty() ? "" : " or ") + std::string(allowed);
    return wrong("scheme is not " + names);
  }
  if (url.find('#') != std::string::npos) return wrong("a fragment is never sent to a server");

  std::string_view rest = std::string_view(url).substr(scheme_end + 3);
  const auto path_start = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path_start);

  ParsedTarget target;
  target.scheme = *scheme;
  target.port = default_port(*scheme);
  target.path.assign(path_start < rest.size() && rest[path_start] == '/' ? "" : "/").append(rest.substr(path_start));
  if (!authority.empty() && authority.front() == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return wrong("no ] behind the address");
    target.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    boost::system::error_code error;
    ip::make_address_v6(target.host, error);
    if (error) return wrong("no IPv6 address between [ and ]");
    if (!authority.empty() && authority.front() != ':') return wrong("characters between ] and the port");
  } else {
    target.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(target.host.size());
    if (target.host.empty()) return wrong("no host", example);
    if (target.host.find_first_of("[]") != std::string::npos) return wrong("brackets inside the host");
  }
  if (!authority.empty()) {
    const int port = port_number(authority.substr(1));
    if (port == 0) return wrong("port is not in 1..65535");
    target.port = static_cast<std::uint16_t>(port);
  }
  return target;
}

Result<ParsedTarget> parse_target(const std::string& url) {
  return parse_target(url, {"http"});
}

bool is_loopback(const ip::address& address) {
  if (address.is_v4()) return address.to_v4().is_loopback();
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_loopback()) return v6.scope_id() == 0;
  return v6.is_v4_mapped() && ip::make_address_v4(ip::v4_mapped, v6).is_loopback();
}

Result<ip::address> decide_resolved(const std::string& host, const std::vector<ip::address>& addresses,
                                    const TargetPolicy& policy) {
  if (addresses.empty()) return refused(host, "no address");
  for (const ip::address& address : addresses) {
    if (auto checked = check_address(host, address, policy); !checked) {
      return tl::make_unexpected(std::move(checked.error()));
    }
  }
  const auto v4 =
      std::find_if(addresses.begin(), addresses.end(), [](const ip::address& address) { return address.is_v4(); });
  return v4 != addresses.end() ? *v4 : addresses.front();
}

Result<ip::address> resolve_allowed(const std::string& host, const TargetPolicy& policy) {
  if (host.find('%') != std::string::npos) return refused(host, "zone ids and escapes are not accepted");
  boost::system::error_code error;
  const ip::address literal = ip::make_address(host, error);
  if (!error && host.find('\0') == std::string::npos) return decide_resolved(host, {literal}, policy);
  if (!host.empty() && host.back() == '.') return refused(host, "a trailing dot is not accepted");
  if (!is_host_name(host)) return refused(host, "neither an IP address nor a host name");
  if (ends_in_number(host)) return refused(host, "not the usual spelling of an IPv4 address");
  if (has_punycode(host)) return refused(host, "punycode names are not accepted");

  boost::asio::io_context io(1);
  ip::tcp::resolver resolver(io);
  const auto results = resolver.resolve(host, "", error);
  if (error) return refused(host, "does not resolve: " + error.message());
  std::vector<ip::address> addresses;
  for (const auto& entry : results) addresses.push_back(entry.endpoint().address());
  return decide_resolved(host, addresses, policy);
}

}  // namespace tidemark::traffic
