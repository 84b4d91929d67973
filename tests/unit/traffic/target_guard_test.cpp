#include "engine/traffic/target_guard.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidemark::traffic {
namespace {

namespace ip = boost::asio::ip;

// What a run does with the URL it is given: 0, or the exit code of the refusal.
int decide(const std::string& url) {
  const auto target = parse_target(url);
  if (!target) return static_cast<int>(target.error().code);
  const auto address = resolve_allowed(target->host);
  if (!address) return static_cast<int>(address.error().code);
  EXPECT_TRUE(is_loopback(*address)) << url;
  return 0;
}

struct Spelling {
  std::string url;
  int code;
};

std::vector<Spelling> spellings() {
  const auto host = [](const std::string& text) { return "http://" + text + "/"; };
  return {
      // Loopback, spelt as one should.
      {host("127.0.0.1"), 0},
      {host("127.0.0.1:1"), 0},
      {host("127.0.0.1:65535"), 0},
      {host("127.0.0.2"), 0},
      {host("127.255.255.254"), 0},
      {host("[::1]"), 0},
      {host("[::1]:8080"), 0},
      {host("[0:0:0:0:0:0:0:1]"), 0},
      {host("[::ffff:127.0.0.1]"), 0},
      {host("[::ffff:7f00:1]"), 0},
      {"HTTP://127.0.0.1", 0},
      {"http://127.0.0.1?query", 0},
      // Loopback to some parsers only.
      {host("127.1"), 3},
      {host("127.0.1"), 3},
      {host("127"), 3},
      {host("2130706433"), 3},
      {host("017700000001"), 3},
      {host("0177.0.0.1"), 3},
      {host("0177.0.0.01"), 3},
      {host("127.0.0.01"), 3},
      {host("127.000.000.001"), 3},
      {host("0x7f.0.0.1"), 3},
      {host("0x7f.1"), 3},
      {host("0x7f000001"), 3},
      {host("0X7F000001"), 3},
      {host("127.0.0.0x1"), 3},
      {host("127.0.0.1."), 3},
      {host("127.0.0.1.."), 3},
      {host("127.0.0.1.1"), 3},
      {host("127.0.0.256"), 3},
      {host("383.0.0.1"), 3},
      {host("localhost."), 3},
      {host(".localhost"), 3},
      {host("-localhost"), 3},
      {host("local_host"), 3},
      {host("[::127.0.0.1]"), 3},
      {host("[::ffff:0:127.0.0.1]"), 3},
      {host("[64:ff9b::7f00:1]"), 3},
      {host("[2002:7f00:1::]"), 3},
      // Everywhere and nowhere.
      {host("0.0.0.0"), 3},
      {host("0"), 3},
      {host("0.0.0.1"), 3},
      {host("0x0"), 3},
      {host("[::]"), 3},
      {host("[::0]"), 3},
      {host("[::ffff:0.0.0.0]"), 3},
      {host("255.255.255.255"), 3},
      {host("224.0.0.1"), 3},
      {host("[ff02::1]"), 3},
      // Private, link-local, cloud metadata, public: production lives there.
      {host("10.0.0.1"), 3},
      {host("172.16.0.1"), 3},
      {host("192.168.0.1"), 3},
      {host("100.64.0.1"), 3},
      {host("169.254.169.254"), 3},
      {host("[::ffff:169.254.169.254]"), 3},
      {host("[::ffff:10.0.0.1]"), 3},
      {host("[::ffff:8.8.8.8]"), 3},
      {host("[fe80::1]"), 3},
      {host("[fd00::1]"), 3},
      {host("[fec0::1]"), 3},
      {host("[2001:db8::1]"), 3},
      {host("8.8.8.8"), 3},
      {host("126.255.255.255"), 3},
      {host("128.0.0.1"), 3},
      {host("[::2]"), 3},
      {host("134744072"), 3},
      // Names that only look like it.
      {host("xn--lcalhost-01a"), 3},
      {host("XN--lcalhost-01a.example"), 3},
      {host("a.xn--p1ai"), 3},
      {host("127.0.0.1.example.invalid"), 3},
      {host("localhost.invalid"), 3},
      {host("127-0-0-1.invalid"), 3},
      {host("no-such-host.invalid"), 3},
      {host(std::string(64, 'a')), 3},
      // Malformed, or hiding the host that is meant.
      {host("%31%32%37.0.0.1"), 3},
      {host("127.0.0.1%00.example.org"), 3},
      {host("localhost%2eexample.org"), 3},
      {host("[::1%25lo]"), 3},
      {host("[::1%lo]"), 3},
      {host("[fe80::1%25eth0]"), 3},
      {host("[::1"), 2},
      {host("::1"), 2},
      {host("[127.0.0.1]"), 2},
      {host("[v1.127]"), 2},
      {host("[]"), 2},
      {host(""), 2},
      {host("user@127.0.0.1"), 3},
      {host("user:secret@127.0.0.1"), 3},
      {host("@127.0.0.1"), 3},
      {host("127.0.0.1@example.org"), 3},
      {host("127.0.0.1:80@example.org"), 3},
      {host("127.0.0.1\\@example.org"), 3},
      {host("127.0.0.1#@example.org"), 3},
      {host("127.0.0.1:0"), 2},
      {host("127.0.0.1:"), 2},
      {host("127.0.0.1:65536"), 2},
      {host("127.0.0.1:4294967376"), 2},
      {host("127.0.0.1:-80"), 2},
      {host("127.0.0.1:+80"), 2},
      {host("127.0.0.1:0x50"), 2},
      {host("127.0.0.1:80:90"), 2},
      {host("127.0.0.1 "), 3},
      {host(" 127.0.0.1"), 3},
      {host("127.0.0.1\t"), 3},
      {host("127.0.0.1\r\nHost:a"), 3},
      {host(std::string("127.0.0.1\0.example.org", 22)), 3},
      {host("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1"), 3},
      {host("127\xe3\x80\x82"
            "0.0.1"),
       3},
      {host("l\xc3\xb6"
            "calhost"),
       3},
      {"", 2},
      {"127.0.0.1", 2},
      {"127.0.0.1:80", 2},
      {"//127.0.0.1/", 2},
      {"/127.0.0.1", 2},
      {"http:127.0.0.1", 2},
      {"http:/127.0.0.1", 2},
      {"http:///127.0.0.1", 2},
      {"http:\\\\127.0.0.1\\", 2},
      {host("[::ffff:169.254.169.254%25lo]"), 3},
      {host("127.0.0.1+"), 3},
      {host("metadata.google.internal.invalid"), 3},
      {" http://127.0.0.1/", 2},
      {"https://127.0.0.1/", 2},
      {"ws://127.0.0.1/", 2},
      {"file:///etc/passwd", 2},
      {"javascript:alert(1)", 2},
      {"http://127.0.0.1/a b", 2},
      {"http://127.0.0.1/%zz", 2},
      {"http://127.0.0.1/#fragment", 2},
  };
}

TEST(TargetGuard, AllowsOnlyTrueLoopbackAmongTheSpellings) {
  const auto all = spellings();
  ASSERT_GE(std::count_if(all.begin(), all.end(), [](const Spelling& item) { return item.code == 3; }), 80);
  for (const Spelling& item : spellings()) EXPECT_EQ(decide(item.url), item.code) << item.url;
}

TEST(TargetGuard, AllowsLocalhostWhereItResolves) {
  const int code = decide("http://localhost:8080/");
  if (code != 0) GTEST_SKIP() << "skipped: this machine does not resolve localhost";
  EXPECT_EQ(decide("http://LOCALHOST/"), 0);
}

// Boost.URL 1.81 parses the host of these as 127.0.0.1 and pushes the rest into the path.
TEST(TargetGuard, DoesNotStopReadingTheHostAfterAnAddress) {
  EXPECT_EQ(parse_target("http://127.0.0.1.example.org/x")->host, "127.0.0.1.example.org");
  EXPECT_FALSE(parse_target("http://127.0.0.1:80:90/"));
}

TEST(TargetGuard, TakesAUrlApart) {
  const auto target = parse_target("http://[::1]:8080/a/b?c=d&e");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->scheme, "http");
  EXPECT_EQ(target->host, "::1");
  EXPECT_EQ(target->port, 8080);
  EXPECT_EQ(target->path, "/a/b?c=d&e");
  const auto bare = parse_target("http://127.0.0.1");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->port, 80);
  EXPECT_EQ(bare->path, "/");
  EXPECT_EQ(parse_target("http://127.0.0.1?x")->path, "/?x");
}

TEST(TargetGuard, RefusesANameOfWhichOneAddressIsElsewhere) {
  const auto v4 = [](const char* text) { return ip::address(ip::make_address_v4(text)); };
  const ip::address v6 = ip::make_address("::1");
  EXPECT_EQ(*decide_resolved("a", {v6, v4("127.0.0.1")}), v4("127.0.0.1"));
  EXPECT_EQ(*decide_resolved("a", {v6}), v6);
  for (const auto& addresses : {std::vector<ip::address>{},
                                {v4("127.0.0.1"), v4("10.0.0.1")},
                                {v4("10.0.0.1"), v4("127.0.0.1")},
                                {v6, ip::make_address("fe80::1")}}) {
    const auto decided = decide_resolved("shop", addresses);
    ASSERT_FALSE(decided);
    EXPECT_EQ(decided.error().code, ExitCode::refused_target);
  }
  EXPECT_EQ(
      decide_resolved("shop", {v4("10.0.0.1")}).error().message(),
      "target \"shop\": address 10.0.0.1 is not loopback (load goes to loopback addresses only; docs/targets.md says "
      "how another host is allowed)");
}

TEST(TargetGuard, SaysWhichPartIsWrong) {
  EXPECT_EQ(parse_target("http://u:p@127.0.0.1/").error().what,
            "the host is not plain: user information, escapes, a zone id or foreign characters in it");
  EXPECT_EQ(parse_target("https://127.0.0.1/").error().what, "scheme is not http");
  EXPECT_EQ(parse_target("http://127.0.0.1:65536/").error().what, "port is not in 1..65535");
  EXPECT_EQ(resolve_allowed("127.0.0.1.").error().what, "a trailing dot is not accepted");
  EXPECT_EQ(resolve_allowed("0x7f.1").error().what, "not the usual spelling of an IPv4 address");
}

TEST(TargetGuard, KnowsLoopbackAtItsEdges) {
  for (const char* text : {"127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.0", "::ffff:127.255.255.255"}) {
    EXPECT_TRUE(is_loopback(ip::make_address(text))) << text;
  }
  for (const char* text :
       {"126.255.255.255", "128.0.0.0", "::", "::2", "::ffff:126.255.255.255", "::ffff:128.0.0.0", "::127.0.0.1"}) {
    EXPECT_FALSE(is_loopback(ip::make_address(text))) << text;
  }
}

}  // namespace
}  // namespace tidemark::traffic
