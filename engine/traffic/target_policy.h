// Who may be sent load besides this machine itself: three files and words that must agree. docs/targets.md explains
// them. Thread-safe: plain values and pure functions.
//
//   allow-list   which hosts there are, and the networks that their names may resolve to
//   --confirm    the exact host, typed by whoever starts the run
//   approval     who answers for it, how fast, and until when; required where CI is set
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::traffic {

struct Network {
  boost::asio::ip::address address;
  unsigned prefix = 32;                                        // leading bits that count
  bool contains(const boost::asio::ip::address& other) const;  // IPv4-mapped addresses count as the IPv4 ones
};
// "10.1.2.0/24", "10.1.2.7", "fd00:1::/64"; nullopt when malformed, or bits behind the prefix are set.
std::optional<Network> parse_network(const std::string& text);

struct AllowedHost {
  std::string host;               // a name in lower case, or an address
  std::vector<Network> networks;  // every address of it must lie in one of them
};

struct Approval {
  std::string file;  // for messages
  std::string owner;
  std::vector<std::string> hosts;
  Rate max_rate;                       // requests a second, all targets together
  std::chrono::sys_seconds expires{};  // whole seconds: nanoseconds end in 2262
};

struct TargetPolicy {  // the default: loopback only
  std::vector<AllowedHost> allowed;
  std::vector<std::string> confirmed;  // hosts, exactly as the target's URL has them
  std::optional<Approval> approval;
  bool approval_required = false;               // a run that nobody watches
  std::chrono::system_clock::time_point now{};  // what "expired" is judged by
};

// Both files are YAML; every problem is reported with its line (exit 2).
Result<std::vector<AllowedHost>> load_allow_list(const std::filesystem::path& file);
Result<std::vector<AllowedHost>> parse_allow_list(const std::string& yaml, const std::string& name);
Result<Approval> load_approval(const std::filesystem::path& file);
Result<Approval> parse_approval(const std::string& yaml, const std::string& name);

// Addresses that are never a target, whatever is allowed: unspecified, multicast, broadcast, reserved, link-local
// (where clouds answer with credentials).
bool is_never_allowed(const boost::asio::ip::address& address);

// May `address`, which `host` resolved to, be sent load? Exit 3, saying which of the three is missing.
Result<void> check_address(const std::string& host, const boost::asio::ip::address& address,
                           const TargetPolicy& policy);

// A Host header that names somebody else reaches them through whatever stands at the target's address. Exit 3 unless it
// names the target itself, this machine, or an allowed and confirmed host.
Result<void> check_host_field(const std::string& value, const std::string& target_host, const TargetPolicy& policy);

// Exit 3 when more is planned than the approval allows.
Result<void> check_planned_rate(Rate planned, const TargetPolicy& policy);

}  // namespace tidemark::traffic
