#include "engine/traffic/target_policy.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/net/ascii.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::traffic {
namespace {

namespace ip = boost::asio::ip;

struct AddressBytes {
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;
};

ip::address without_mapping(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

AddressBytes bytes_of(const ip::address& address) {
  AddressBytes made;
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), made.bytes.begin());
    made.bits = 32;
  } else {
    made.bytes = address.to_v6().to_bytes();
    made.bits = 128;
  }
  return made;
}

bool bit(const AddressBytes& address, unsigned index) {
  return (address.bytes[index / 8] >> (7 - index % 8) & 1) != 0;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), net::to_lower);
  return text;
}

tl::unexpected<Error> refused(const std::string& host, std::string what, std::string advice) {
  return fail(ExitCode::refused_target, fmt::format("target \"{}\"", host), std::move(what), std::move(advice));
}

bool lists(const std::vector<std::string>& hosts, const std::string& host) {
  return std::ranges::find(hosts, host) != hosts.end();
}

Result<void> check_approval(const std::string& host, const TargetPolicy& policy) {
  if (!policy.approval) {
    if (!policy.approval_required) return {};
    return refused(host, "runs in CI need an approval file (owner, hosts, max_rate, expires)",
                   "give --approval FILE; docs/targets.md shows one");
  }
  const Approval& approval = *policy.approval;
  if (std::chrono::floor<std::chrono::seconds>(policy.now) >= approval.expires) {
    return refused(host,
                   fmt::format("the approval {} expired at {:%Y-%m-%dT%H:%M:%SZ}", approval.file,
                               fmt::gmtime(static_cast<std::time_t>(approval.expires.time_since_epoch().count()))),
                   "ask " + approval.owner + " for a new one");
  }
  if (!lists(approval.hosts, lower(host))) {
    return refused(host, "is not among the hosts of the approval " + approval.file,
                   "ask " + approval.owner + " to add it");
  }
  return {};
}

const AllowedHost* entry_of(const std::string& host, const TargetPolicy& policy) {
  const auto found = std::ranges::find(policy.allowed, lower(host), &AllowedHost::host);
  return found == policy.allowed.end() ? nullptr : &*found;
}

Result<void> check_words(const std::string& host, const TargetPolicy& policy) {
  if (!lists(policy.confirmed, host)) {
    return refused(host, "is allowed but not confirmed", "add --confirm " + host);
  }
  return check_approval(host, policy);
}

// The host of a Host field: "[::1]:80" -> "::1".
std::string host_of_field(const std::string& value) {
  if (value.starts_with('[')) return value.substr(1, value.find(']') - 1);
  return value.substr(0, value.find(':'));
}

}  // namespace

bool Network::contains(const ip::address& other) const {
  const AddressBytes mine = bytes_of(without_mapping(address)), theirs = bytes_of(without_mapping(other));
  if (mine.bits != theirs.bits) return false;
  for (unsigned i = 0; i < prefix; ++i) {
    if (bit(mine, i) != bit(theirs, i)) return false;
  }
  return true;
}

std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code error;
  Network network{.address = ip::make_address(text.substr(0, slash), error)};
  if (error || text.find('\0') != std::string::npos || text.find('%') != std::string::npos) return std::nullopt;
  const AddressBytes bytes = bytes_of(network.address);
  network.prefix = bytes.bits;
  if (slash == std::string::npos) return network;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + slash + 1, end, network.prefix);
  if (problem != std::errc{} || stop != end || network.prefix > bytes.bits) return std::nullopt;
  for (unsigned i = network.prefix; i < bytes.bits; ++i) {
    if (bit(bytes, i)) return std::nullopt;
  }
  return network;
}

bool is_never_allowed(const ip::address& given) {
  static const auto kNever = [] {
    std::vector<Network> networks;
    for (const char* text : {"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "fec0::/10",
                             "ff00::/8", "::/128"}) {
      networks.push_back(*parse_network(text));
    }
    return networks;
  }();
  return std::ranges::any_of(kNever, [&](const Network& network) { return network.contains(given); });
}

Result<void> check_address(const std::string& host, const ip::address& address, const TargetPolicy& policy) {
  if (is_loopback(address)) return {};
  const std::string shown = address.to_string();
  if (is_never_allowed(address)) {
    return refused(host, "address " + shown + " is no host's: unspecified, link-local, multicast or reserved",
                   "load goes to loopback addresses and allowed hosts only");
  }
  const AllowedHost* entry = entry_of(host, policy);
  if (entry == nullptr) {
    return refused(host, "address " + shown + " is not loopback",
                   "load goes to loopback addresses only; docs/targets.md says how another host is allowed");
  }
  const auto inside = [&](const Network& network) { return network.contains(address); };
  if (std::ranges::none_of(entry->networks, inside)) {
    return refused(host, "address " + shown + " is outside the networks that the allow-list gives for it",
                   "check the name's addresses, then the allow-list");
  }
  return check_words(host, policy);
}

Result<void> check_host_field(const std::string& value, const std::string& target_host, const TargetPolicy& policy) {
  const std::string host = lower(host_of_field(value));
  if (host == lower(target_host) || host == "localhost") return {};
  boost::system::error_code error;
  const ip::address literal = ip::make_address(host, error);
  if (!error && is_loopback(literal)) return {};
  if (entry_of(host, policy) == nullptr) {
    return refused(value, "a Host header that names another host than the target " + target_host,
                   "leave it out, or allow and confirm that host as well; docs/targets.md says how");
  }
  return check_words(host, policy);
}

Result<void> check_planned_rate(Rate planned, const TargetPolicy& policy) {
  constexpr double kRounding = 1 + 1e-9;  // of an integral's differences
  if (!policy.approval || planned.per_second() <= policy.approval->max_rate.per_second() * kRounding) return {};
  return fail(ExitCode::refused_target, policy.approval->file,
              fmt::format("{:.6g} requests/s are planned at the peak, {:.6g} are approved", planned.per_second(),
                          policy.approval->max_rate.per_second()),
              "lower the rate, or ask " + policy.approval->owner);
}

}  // namespace tidemark::traffic
