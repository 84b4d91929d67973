// Which three things must agree before a host that is not this machine is sent load, and how the files are read.
#include "engine/traffic/target_policy.h"

#include <gtest/gtest.h>

#include "engine/traffic/target_guard.h"

namespace tidemark::traffic {
namespace {

namespace ip = boost::asio::ip;
using std::chrono::sys_days;
using namespace std::chrono_literals;

const std::string kApproval =
    "owner: anna@example.org\nhosts: [shop.test, 10.1.2.7]\nmax_rate: 500\nexpires: 2030-06-30\n";

TargetPolicy whole_policy() {
  TargetPolicy policy;
  policy.allowed = *parse_allow_list(
      "allow:\n  - {host: Shop.test, networks: [10.1.2.0/24, 'fd00:1::/32']}\n  - {host: 10.1.2.7}\n", "hosts.yaml");
  policy.confirmed = {"shop.test", "10.1.2.7"};
  policy.approval = *parse_approval(kApproval, "approval.yaml");
  policy.approval_required = true;
  policy.now = sys_days(2030y / 6 / 30) + 23h;
  return policy;
}

std::string refusal(const std::string& host, const char* address, const TargetPolicy& policy) {
  const auto checked = check_address(host, ip::make_address(address), policy);
  if (checked) return "";
  EXPECT_EQ(checked.error().code, ExitCode::refused_target);
  return checked.error().what;
}

TEST(TargetPolicy, AllowsWhatIsListedConfirmedAndApproved) {
  const auto policy = whole_policy();
  for (const char* address : {"10.1.2.3", "fd00:1::5", "::ffff:10.1.2.3", "127.0.0.1"}) {
    EXPECT_EQ(refusal("shop.test", address, policy), "") << address;
  }
  EXPECT_EQ(refusal("10.1.2.7", "10.1.2.7", policy), "");
  EXPECT_EQ(*decide_resolved("shop.test", {ip::make_address("10.1.2.3")}, policy), ip::make_address("10.1.2.3"));
}

TEST(TargetPolicy, EachOfTheThreeIsNeeded) {
  auto policy = whole_policy();
  policy.allowed.clear();
  EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy), "address 10.1.2.3 is not loopback");
  policy = whole_policy();
  for (const char* word : {"", "shop", "SHOP.TEST", "shop.test.", "10.1.2.3"}) {
    policy.confirmed = {word};
    EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy), "is allowed but not confirmed") << word;
  }
  policy = whole_policy();
  policy.approval.reset();
  EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy),
            "runs in CI need an approval file (owner, hosts, max_rate, expires)");
  policy.approval_required = false;
  EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy), "") << "a person who is there needs none";
}

TEST(TargetPolicy, AnApprovalHoldsForItsHostsAndItsTime) {
  auto policy = whole_policy();
  policy.now = sys_days(2030y / 7 / 1);
  EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy), "the approval approval.yaml expired at 2030-07-01T00:00:00Z");
  policy = whole_policy();
  policy.approval->hosts = {"other.test"};
  EXPECT_EQ(refusal("shop.test", "10.1.2.3", policy), "is not among the hosts of the approval approval.yaml");
  policy.approval_required = false;
  EXPECT_NE(refusal("shop.test", "10.1.2.3", policy), "") << "one that is given counts, required or not";
}

TEST(TargetPolicy, ANameThatResolvesElsewhereIsRefusedThoughItIsAllowed) {
  const auto policy = whole_policy();
  for (const char* address : {"10.1.3.1", "8.8.8.8", "fd00:2::1", "::ffff:10.1.3.1"}) {
    EXPECT_NE(refusal("shop.test", address, policy).find("outside the networks"), std::string::npos) << address;
  }
  const auto mixed = decide_resolved("shop.test", {ip::make_address("10.1.2.3"), ip::make_address("10.9.9.9")}, policy);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, ExitCode::refused_target);
}

TEST(TargetPolicy, SomeAddressesAreNobodysWhateverIsAllowed) {
  auto policy = whole_policy();
  policy.allowed = {{"shop.test", {*parse_network("0.0.0.0/0"), *parse_network("::/0")}}};
  for (const char* address : {"0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255", "240.0.0.1",
                              "::", "fe80::1", "fec0::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"}) {
    EXPECT_NE(refusal("shop.test", address, policy), "") << address;
  }
  EXPECT_EQ(refusal("shop.test", "8.8.8.8", policy), "");
}

TEST(TargetPolicy, AHostHeaderNamesTheTargetThisMachineOrAnAllowedHost) {
  const auto policy = whole_policy();
  for (const char* value :
       {"127.0.0.1", "127.0.0.1:99", "localhost", "LOCALHOST:80", "[::1]:80", "shop.test", "shop.test:8080"}) {
    EXPECT_TRUE(check_host_field(value, "127.0.0.1", policy)) << value;
  }
  for (const char* value : {"example.org", "shop.test.", "", "10.0.0.1", "shop.test@example.org", "[fe80::1]",
                            "localhost.example.org", "127.0.0.1.example.org", "0x7f.1"}) {
    const auto checked = check_host_field(value, "127.0.0.1", policy);
    ASSERT_FALSE(checked) << value;
    EXPECT_EQ(checked.error().code, ExitCode::refused_target);
  }
  EXPECT_FALSE(check_host_field("shop.test", "127.0.0.1", {}));
  EXPECT_TRUE(check_host_field("example.org:80", "example.org", {}));
}

TEST(TargetPolicy, MoreThanApprovedIsRefusedBeforeItIsPlanned) {
  const auto policy = whole_policy();
  EXPECT_TRUE(check_planned_rate(Rate::per_second(500), policy));
  const auto over = check_planned_rate(Rate::per_second(501), policy);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().message(),
            "approval.yaml: 501 requests/s are planned at the peak, 500 are approved (lower the rate, or ask "
            "anna@example.org)");
  EXPECT_TRUE(check_planned_rate(Rate::per_second(1e6), {}));
}

TEST(TargetPolicy, NetworksAreReadExactly) {
  for (const char* text : {"10.0.0.0/8", "10.1.2.7", "10.1.2.7/32", "0.0.0.0/0", "fd00::/8", "::1", "::/0"}) {
    EXPECT_TRUE(parse_network(text)) << text;
  }
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8",
                           "shop.test/8", "fd00::1/64", "fe80::1%eth0", "010.0.0.0/8"}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
  EXPECT_FALSE(parse_network("10.0.0.0/8")->contains(ip::make_address("11.0.0.0")));
  EXPECT_TRUE(parse_network("10.0.0.0/9")->contains(ip::make_address("10.127.255.255")));
  EXPECT_FALSE(parse_network("10.0.0.0/9")->contains(ip::make_address("10.128.0.0")));
  EXPECT_FALSE(parse_network("10.0.0.0/8")->contains(ip::make_address("a00::")));
}

TEST(TargetPolicy, FilesAreRefusedWithTheirLines) {
  const std::vector<std::pair<std::string, std::string>> lists = {
      {"", "f:1: is empty (docs/targets.md shows one)"},
      {"hosts: []", "f:1: hosts: unknown key\nf:1: allow: is missing"},
      {"allow:\n - {host: shop.test}",
       "f:2: allow[0].networks: is missing: a name needs the networks it may resolve to"},
      {"allow:\n - {host: '*.test', networks: [10.0.0.0/8]}",
       "f:2: allow[0].host: must be one host: a name without wildcards, scheme and port, or an address"},
      {"allow:\n - {host: shop.test, networks: [10.0.0.1/8]}",
       "f:2: allow[0].networks: '10.0.0.1/8' must be a network as in 10.1.2.0/24, or an address"},
  };
  for (const auto& [yaml, message] : lists) {
    const auto list = parse_allow_list(yaml, "f");
    ASSERT_FALSE(list) << yaml;
    EXPECT_EQ(list.error().code, ExitCode::usage);
    EXPECT_EQ(list.error().message(), message);
  }
  const std::vector<std::pair<std::string, std::string>> approvals = {
      {"{}", "f:1: owner: is missing\nf:1: hosts: is missing\nf:1: max_rate: is missing\nf:1: expires: is missing"},
      {"owner: a\nhosts: [b]\nmax_rate: 0.5\nexpires: 2030-01-01",
       "f:3: max_rate: '0.5' must be a number from 1 to 10000000"},
      {"owner: a\nhosts: [b]\nmax_rate: 5\nexpires: tomorrow",
       "f:4: expires: 'tomorrow' must be a day, as in 2026-12-31, or an instant, 2026-12-31T18:00:00Z"},
      {"owner: a\nhosts: [b]\nmax_rate: 5\nexpires: 2030-02-30",
       "f:4: expires: '2030-02-30' must be a day, as in 2026-12-31, or an instant, 2026-12-31T18:00:00Z"},
      {"owner: a\nhosts: [b]\nmax_rate: 5\nexpires: 2030-02-01T25:00:00Z",
       "f:4: expires: '2030-02-01T25:00:00Z' must be a day, as in 2026-12-31, or an instant, 2026-12-31T18:00:00Z"},
  };
  for (const auto& [yaml, message] : approvals) {
    const auto approval = parse_approval(yaml, "f");
    ASSERT_FALSE(approval) << yaml;
    EXPECT_EQ(approval.error().message(), message);
  }
  const auto instant = parse_approval("owner: a\nhosts: [b]\nmax_rate: 5\nexpires: 2030-02-01T18:30:05Z", "f");
  ASSERT_TRUE(instant);
  EXPECT_EQ(instant->expires, sys_days(2030y / 2 / 1) + 18h + 30min + 5s);
}

}  // namespace
}  // namespace tidemark::traffic
