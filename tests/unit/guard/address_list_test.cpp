#include "engine/guard/address_list.h"

#include <gtest/gtest.h>

#include "engine/core/random.h"

namespace tidemark::guard {
namespace {

using Verdict = AddressList::Verdict;

AddressList list_of(std::vector<std::string> allow, std::vector<std::string> deny) {
  auto list = AddressList::make({std::move(allow), std::move(deny)}, "lists");
  EXPECT_TRUE(list) << list.error().message();
  return std::move(*list);
}
bool allows(const AddressList& list, std::string_view address) {
  const auto parsed = parse_address(address);
  EXPECT_TRUE(parsed) << address;
  return list.look_up(*parsed) == Verdict::allowed;
}

TEST(AddressList, TheLongestPrefixDecides) {
  const AddressList list = list_of({"10.0.0.0/8", "10.1.2.3", "2001:db8::/32"}, {"10.1.0.0/16", "2001:db8:1::/48"});
  EXPECT_EQ(list.size(), 5U);
  for (const char* yes : {"10.0.0.1", "10.255.255.255", "10.1.2.3", "2001:db8::1", "::ffff:10.2.0.1"}) {
    EXPECT_TRUE(allows(list, yes)) << yes;
  }
  for (const char* no : {"10.1.2.4", "10.1.0.0", "11.0.0.1", "2001:db8:1::1", "2001:db9::", "::1", "::ffff:10.1.0.1"}) {
    EXPECT_FALSE(allows(list, no)) << no;
  }
}

TEST(AddressList, WithoutAllowedPrefixesTheRestIsAllowed) {
  const AddressList list = list_of({}, {"203.0.113.0/24"});
  EXPECT_TRUE(allows(list, "8.8.8.8"));
  EXPECT_TRUE(allows(list, "::1"));
  EXPECT_FALSE(allows(list, "203.0.113.255"));
  EXPECT_TRUE(allows(list_of({}, {}), "1.2.3.4"));
}

TEST(AddressList, AllOfAFamilyIsAPrefixOfLengthZero) {
  const AddressList list = list_of({"127.0.0.0/8"}, {"0.0.0.0/0", "::/0"});
  EXPECT_TRUE(allows(list, "127.0.0.1"));
  EXPECT_FALSE(allows(list, "128.0.0.1"));
  EXPECT_FALSE(allows(list, "fe80::1"));
}

TEST(AddressList, AMappedPrefixIsAnIPv4One) {
  const AddressList list = list_of({"::ffff:192.0.2.0/120"}, {});
  EXPECT_TRUE(allows(list, "192.0.2.200"));
  EXPECT_FALSE(allows(list, "192.0.3.1"));
}

// Against the plain way: every prefix tried, the longest kept.
TEST(AddressList, AgreesWithALinearSearch) {
  Random random(1, "prefixes");
  for (int round = 0; round < 20; ++round) {
    AddressListSettings settings;
    std::vector<Prefix> prefixes;
    std::vector<bool> allowed;
    for (int i = 0; i < 200; ++i) {
      const bool v6 = random.uniform() < 0.5, allow = random.uniform() < 0.5;
      Prefix prefix{{.v6 = v6}, static_cast<int>(random.below(v6 ? 129 : 33))};
      // Few bits vary, so that prefixes nest.
      for (int bit = 0; bit < prefix.length; ++bit) {
        if (bit % 5 == 0 && random.uniform() < 0.5) {
          prefix.address.bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
        }
      }
      bool known = false;
      for (const Prefix& other : prefixes) {
        known = known || (other.address == prefix.address && other.length == prefix.length);
      }
      if (known) continue;
      (allow ? settings.allow : settings.deny).push_back(to_string(prefix));
      prefixes.push_back(prefix);
      allowed.push_back(allow);
    }
    const auto list = AddressList::make(settings, "");
    ASSERT_TRUE(list) << list.error().message();
    for (int i = 0; i < 2000; ++i) {
      Address address{.v6 = random.uniform() < 0.5};
      for (int bit = 0; bit < address.bits(); ++bit) {
        const bool varies = bit % 5 == 0 || bit > 40;
        if (varies && random.uniform() < 0.5) {
          address.bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
        }
      }
      int longest = -1;
      bool expected = settings.allow.empty();
      for (std::size_t p = 0; p < prefixes.size(); ++p) {
        const Prefix& prefix = prefixes[p];
        if (prefix.address.v6 != address.v6 || prefix.length <= longest) continue;
        bool inside = true;
        for (int bit = 0; bit < prefix.length && inside; ++bit) {
          const auto byte = static_cast<std::size_t>(bit / 8);
          inside = ((prefix.address.bytes[byte] ^ address.bytes[byte]) >> (7 - bit % 8) & 1) == 0;
        }
        if (!inside) continue;
        longest = prefix.length;
        expected = allowed[p];
      }
      ASSERT_EQ(list->look_up(address) == Verdict::allowed, expected);
    }
  }
}

TEST(AddressList, MalformedPrefixesAreRefusedWithTheirPlace) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "'' is neither an IPv4 nor an IPv6 address or prefix, such as 10.0.0.0/8"},
      {"10.0.0", "'10.0.0' is neither"},
      {"10.0.0.256", "'10.0.0.256' is neither"},
      {"010.0.0.1", "'010.0.0.1' is neither"},
      {" 10.0.0.1", "' 10.0.0.1' is neither"},
      {"10.0.0.1/", "'10.0.0.1/': the length must be a whole number from 0 to 32"},
      {"10.0.0.0/33", "'10.0.0.0/33': the length must be a whole number from 0 to 32"},
      {"10.0.0.0/-1", "'10.0.0.0/-1': the length"},
      {"10.0.0.0/+8", "'10.0.0.0/+8': the length"},
      {"10.0.0.0/08", "'10.0.0.0/08': the length"},
      {"10.0.0.0/8/8", "'10.0.0.0/8/8': the length"},
      {"10.0.0.0/99999999999", "'10.0.0.0/99999999999': the length"},
      {"/8", "'/8' is neither"},
      {"10.0.0.1/8", "'10.0.0.1/8' has bits after its length: 10.0.0.0/8 is meant?"},
      {"2001:db8::1/32", "'2001:db8::1/32' has bits after its length: 2001:db8::/32 is meant?"},
      {"::1/129", "'::1/129': the length must be a whole number from 0 to 128"},
      {"1:2:3", "'1:2:3' is neither"},
      {"[::1]", "'[::1]' is neither"},
      {"fe80::1%eth0", "'fe80::1%eth0' is neither"},
      {std::string("10.0.0.1\0x", 10), "'10.0.0.1?x' is neither"},
      {std::string(500, '1'), "'111111111111111111111111111111111111111111111111111111111111' is neither"},
      {"localhost", "'localhost' is neither"},
  };
  for (const auto& [text, what] : cases) {
    const auto prefix = parse_prefix(text, "lists.deny[3]");
    ASSERT_FALSE(prefix) << text;
    EXPECT_TRUE(prefix.error().message().starts_with("lists.deny[3]: " + what)) << prefix.error().message();
  }
}

TEST(AddressList, AllProblemsAtOnce) {
  const auto list = AddressList::make({{"10.0.0.0/8", "x"}, {"10.0.0.0/8", "1.2.3.4/40"}}, "edge.lists");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().message(),
            "edge.lists.allow[1]: 'x' is neither an IPv4 nor an IPv6 address or prefix, such as 10.0.0.0/8\n"
            "edge.lists.deny[0]: 10.0.0.0/8 is allowed and denied\n"
            "edge.lists.deny[1]: '1.2.3.4/40': the length must be a whole number from 0 to 32");
}

TEST(AddressList, PrefixesAreWrittenAsTheyAreRead) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "2001:db8::/32", "::/0", "::1/128"}) {
    const auto prefix = parse_prefix(text, "");
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(to_string(*prefix), text);
  }
}

}  // namespace
}  // namespace tidemark::guard
