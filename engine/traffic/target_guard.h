// Which addresses load may be sent to. Default: 127.0.0.0/8 and ::1 only, decided on the resolved address at connect,
// never on a name; engine/traffic/target_policy.h says what else may be allowed. Thread-safe: pure functions.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/traffic/target_policy.h"

namespace tidemark::traffic {

struct ParsedTarget {
  std::string scheme;  // in lower case
  std::string host;    // as written, without brackets
  std::uint16_t port = 80;
  std::string path = "/";  // with query
};
// Absolute http URL. Exit 2, naming the part, for what is malformed; exit 3 for what may hide the host that is meant:
// user information, escapes, zone ids, backslashes or anything but plain ASCII in the authority.
Result<ParsedTarget> parse_target(const std::string& url);
// The same for a URL with one of `schemes`; the port defaults to the scheme's: http 80, https 443, redis 6379, mysql
// 3306, kafka 9092.
Result<ParsedTarget> parse_target(const std::string& url, std::initializer_list<std::string_view> schemes);

bool is_loopback(const boost::asio::ip::address& address);  // 127.0.0.0/8, ::1, and ::ffff:127.0.0.0/104

// What a name resolved to, decided: every address must be loopback or allowed (at least one there must be), or exit 3
// naming host and address. The IPv4 address where there is one: servers that listen on "localhost" mostly mean that.
Result<boost::asio::ip::address> decide_resolved(const std::string& host,
                                                 const std::vector<boost::asio::ip::address>& addresses,
                                                 const TargetPolicy& policy = {});

// Spellings of an address that only some programs understand (127.1, 0177.0.0.1, 2130706433, 0x7f.1), names with a
// trailing dot, punycode and zone ids are refused without being looked up: what another parser would make of them is
// unknown. Resolves and decides: every address must be loopback or allowed, or exit 3 naming host and address. Returns
// the address to connect to; callers connect to exactly that, so that a later change of the name's answer has no
// effect. Blocks while a name is looked up.
Result<boost::asio::ip::address> resolve_allowed(const std::string& host, const TargetPolicy& policy = {});

}  // namespace tidemark::traffic
