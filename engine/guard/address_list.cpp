#include "engine/guard/address_list.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tidemark::guard {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kLongestText = 45;  // of an IPv6 address with an IPv4 tail

bool bit(const Address& address, int index) {
  return (address.bytes[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

void clear_from(Address& address, int length) {
  for (int i = length; i < address.bits(); ++i) {
    address.bytes[static_cast<std::size_t>(i / 8)] &= static_cast<std::uint8_t>(~(1U << (7 - i % 8)));
  }
}

std::string text_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return text;
}

// As IPv6 bytes say it: no mapping undone.
std::optional<Address> parse_plain(std::string_view text) {
  if (text.empty() || text.size() > kLongestText || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  Address address;
  address.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

bool is_mapped(const Address& address) {
  return address.v6 && std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
}

Address unmapped(const Address& address) {
  Address v4;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

std::string quoted(std::string_view text) {
  std::string shown(text.substr(0, 60));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c == 0x7f; }, '?');
  return "'" + shown + "'";
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  auto address = parse_plain(text);
  if (address && is_mapped(*address)) return unmapped(*address);
  return address;
}

Result<Prefix> parse_prefix(std::string_view text, const std::string& place) {
  const std::size_t slash = text.find('/');
  const auto address = parse_plain(text.substr(0, slash));
  if (!address) {
    return fail(ExitCode::usage, place,
                quoted(text) + " is neither an IPv4 nor an IPv6 address or prefix, such as 10.0.0.0/8");
  }
  Prefix prefix{*address, address->bits()};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix.length);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size() && digits[0] != '-' &&
                       (digits[0] != '0' || digits.size() == 1);
    if (!whole || prefix.length > address->bits()) {
      return fail(ExitCode::usage, place,
                  fmt::format("{}: the length must be a whole number from 0 to {}", quoted(text), address->bits()));
    }
  }
  if (is_mapped(prefix.address) && prefix.length >= 96) prefix = {unmapped(prefix.address), prefix.length - 96};
  Address cut = prefix.address;
  clear_from(cut, prefix.length);
  if (cut != prefix.address) {
    return fail(
        ExitCode::usage, place,
        fmt::format("{} has bits after its length: {} is meant?", quoted(text), to_string({cut, prefix.length})));
  }
  return prefix;
}

std::string to_string(const Prefix& prefix) {
  return text_of(prefix.address) + "/" + std::to_string(prefix.length);
}

AddressList::Mark& AddressList::find_or_add(const Prefix& prefix) {
  std::size_t at = prefix.address.v6 ? 1 : 0;
  for (int i = 0; i < prefix.length; ++i) {
    const std::size_t side = bit(prefix.address, i) ? 1 : 0;
    if (nodes_[at].child[side] == 0) {
      nodes_[at].child[side] = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    at = nodes_[at].child[side];
  }
  return nodes_[at].mark;
}

Result<AddressList> AddressList::make(const AddressListSettings& settings, const std::string& place) {
  AddressList list;
  list.only_allowed_ = !settings.allow.empty();
  std::string problems;
  const auto say = [&](const std::string& problem) { problems += (problems.empty() ? "" : "\n") + problem; };
  const auto add = [&](const std::vector<std::string>& texts, const std::string& name, Mark mark) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string where = fmt::format("{}{}{}[{}]", place, place.empty() ? "" : ".", name, i);
      const auto prefix = parse_prefix(texts[i], where);
      if (!prefix) {
        say(prefix.error().message());
        continue;
      }
      Mark& old = list.find_or_add(*prefix);
      if (old != Mark::none && old != mark) say(fmt::format("{}: {} is allowed and denied", where, to_string(*prefix)));
      list.size_ += old == Mark::none ? 1 : 0;
      old = mark;
    }
  };
  add(settings.allow, "allow", Mark::allow);
  add(settings.deny, "deny", Mark::deny);
  if (!problems.empty()) return fail(ExitCode::usage, "", problems);
  return list;
}

AddressList::Verdict AddressList::look_up(const Address& address) const {
  std::size_t at = address.v6 ? 1 : 0;
  Mark last = nodes_[at].mark;
  for (int i = 0; i < address.bits(); ++i) {
    at = nodes_[at].child[bit(address, i) ? 1 : 0];
    if (at == 0) break;
    if (nodes_[at].mark != Mark::none) last = nodes_[at].mark;
  }
  if (last == Mark::none) return only_allowed_ ? Verdict::denied : Verdict::allowed;
  return last == Mark::allow ? Verdict::allowed : Verdict::denied;
}

}  // namespace tidemark::guard
