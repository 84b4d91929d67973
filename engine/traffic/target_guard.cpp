#include "engine/traffic/target_guard.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
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

}  // namespace

Result<ParsedTarget> parse_target(const std::string& url) {
  const std::string place = quoted(url);
  const auto wrong = [&place](std::string what, std::string advice = {}) {
    return fail(ExitCode::usage, place, std::move(what), std::move(advice));
  };
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return wrong("not an absolute URL", "write it as http://127.0.0.1:8080/path");
  const boost::urls::url_view view = parsed.value();
  if (!net::equal_ignoring_case(view.scheme(), "http")) return wrong("scheme is not http");
  if (!view.has_authority()) return wrong("no host", "write it as http://127.0.0.1:8080/path");
  if (view.has_userinfo()) return wrong("user information in front of the host");
  if (view.has_fragment()) return wrong("a fragment is never sent to a server");
  const std::string_view host = view.encoded_host();
  if (host.empty()) return wrong("no host");
  if (host.find('%') != std::string_view::npos) return wrong("escaped characters or a zone id in the host");
  if (view.host_type() == boost::urls::host_type::ipvfuture) return wrong("unknown kind of address in the host");

  ParsedTarget target;
  target.scheme = "http";
  target.host = host.front() == '[' ? std::string(host.substr(1, host.size() - 2)) : std::string(host);
  if (view.has_port()) {
    const std::string_view port = view.port();
    if (port.empty() || port.size() > 5) return wrong("port is not in 1..65535");
    std::uint32_t number = 0;
    for (const char digit : port) number = number * 10 + static_cast<std::uint32_t>(digit - '0');
    if (number == 0 || number > 65535) return wrong("port is not in 1..65535");
    target.port = static_cast<std::uint16_t>(number);
  }
  target.path = std::string(std::string_view(view.encoded_path()));
  if (target.path.empty()) target.path = "/";
  if (view.has_query()) target.path.append("?").append(std::string_view(view.encoded_query()));
  return target;
}

bool is_loopback(const ip::address& address) {
  if (address.is_v4()) return address.to_v4().is_loopback();
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_loopback()) return v6.scope_id() == 0;
  return v6.is_v4_mapped() && ip::make_address_v4(ip::v4_mapped, v6).is_loopback();
}

Result<ip::address> decide_resolved(const std::string& host, const std::vector<ip::address>& addresses) {
  if (addresses.empty()) return refused(host, "no address");
  for (const ip::address& address : addresses) {
    if (!is_loopback(address)) return refused(host, "address " + address.to_string() + " is not loopback");
  }
  const auto v4 =
      std::find_if(addresses.begin(), addresses.end(), [](const ip::address& address) { return address.is_v4(); });
  return v4 != addresses.end() ? *v4 : addresses.front();
}

Result<ip::address> resolve_allowed(const std::string& host) {
  if (host.find('%') != std::string::npos) return refused(host, "zone ids and escapes are not accepted");
  boost::system::error_code error;
  const ip::address literal = ip::make_address(host, error);
  if (!error && host.find('\0') == std::string::npos) return decide_resolved(host, {literal});
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
  return decide_resolved(host, addresses);
}

}  // namespace tidemark::traffic
