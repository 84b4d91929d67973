// Who may come in by address: prefixes that allow and prefixes that deny, IPv4 and IPv6, the longest match decides. Two
// binary tries, so a look-up costs at most one step a bit however many prefixes there are, and takes no memory. An IPv4
// address in IPv6 clothes (::ffff:10.0.0.1) is the IPv4 address. Any thread may look up in a list that nobody changes.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::guard {

struct Address {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // an IPv4 address in the first four

  int bits() const { return v6 ? 128 : 32; }
  bool operator==(const Address&) const = default;
};
// Dotted decimal without leading zeros, or RFC 4291 text (also with an IPv4 tail); no brackets, zone or port.
std::optional<Address> parse_address(std::string_view text);

struct Prefix {
  Address address;  // bits after `length` are 0
  int length = 0;
};
// "10.0.0.0/8", or an address, which is a prefix of its whole length. The text says what is wrong in one sentence.
Result<Prefix> parse_prefix(std::string_view text, const std::string& place);
std::string to_string(const Prefix& prefix);

struct AddressListSettings {
  std::vector<std::string> allow, deny;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.texts("allow", self.allow);
    fields.texts("deny", self.deny);
  }
};

class AddressList {
 public:
  enum class Verdict : std::uint8_t { allowed, denied };

  // All problems at once: malformed prefixes, and a prefix that is in both lists.
  static Result<AddressList> make(const AddressListSettings& settings, const std::string& place);

  // The verdict of the longest prefix that holds the address; where none does, denied if there are any allowed ones and
  // allowed if not.
  Verdict look_up(const Address& address) const;
  std::size_t size() const { return size_; }

 private:
  enum class Mark : std::uint8_t { none, allow, deny };
  struct Node {
    std::array<std::uint32_t, 2> child{};  // 0: none; the roots are never children
    Mark mark = Mark::none;
  };
  AddressList() : nodes_(2) {}
  Mark& find_or_add(const Prefix& prefix);

  std::vector<Node> nodes_;  // 0: root of IPv4, 1: root of IPv6
  std::size_t size_ = 0;
  bool only_allowed_ = false;
};

}  // namespace tidemark::guard
