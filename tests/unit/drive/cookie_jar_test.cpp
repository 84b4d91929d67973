// Cookies of one user: what is kept, what goes along, and the bounds.
#include "engine/drive/cookie_jar.h"

#include <gtest/gtest.h>

namespace tidemark::drive {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

struct Case {
  const char* name;
  const char* set;
  CookieScope from;
  CookieScope to;
  const char* sent;
};

class CookieJarTable : public ::testing::TestWithParam<Case> {};

TEST_P(CookieJarTable, SendsWhatTheScopeAllows) {
  CookieJar jar;
  jar.store(GetParam().set, GetParam().from, kNow);
  std::string sent;
  jar.append_to(sent, GetParam().to, kNow + 10);
  EXPECT_EQ(sent, GetParam().sent);
}

constexpr CookieScope kShop{"shop.example.org", "/a/b"};

INSTANTIATE_TEST_SUITE_P(
    Rfc6265, CookieJarTable,
    ::testing::Values(
        Case{"Plain", "a=1", kShop, {"shop.example.org", "/a/c"}, "a=1"},
        Case{"BlanksAround", "  a = 1 ; Path = / ", kShop, {"shop.example.org", "/"}, "a=1"},
        Case{"ValueMayHoldEquals", "a=b=c", kShop, kShop, "a=b=c"},
        Case{"QuotesStay", "a=\"x y\"", kShop, kShop, "a=\"x y\""}, Case{"EmptyValue", "a=", kShop, kShop, "a="},
        Case{"NoName", "=1", kShop, kShop, ""}, Case{"NoEquals", "a", kShop, kShop, ""},
        Case{"ControlInValue", "a=1\x01", kShop, kShop, ""},
        Case{"OtherHost", "a=1", kShop, {"example.org", "/a/b"}, ""},
        Case{"HostOnlyNotToChild", "a=1", {"example.org", "/"}, {"shop.example.org", "/"}, ""},
        Case{"DomainToParent", "a=1; Domain=example.org; Path=/", kShop, {"example.org", "/"}, "a=1"},
        Case{"DomainWithDot", "a=1; Domain=.EXAMPLE.org; Path=/", kShop, {"x.example.org", "/"}, "a=1"},
        Case{"DomainOfAnother", "a=1; Domain=other.org", kShop, {"other.org", "/a/b"}, ""},
        Case{"DomainOfAChild", "a=1; Domain=x.shop.example.org", kShop, {"x.shop.example.org", "/a/b"}, ""},
        Case{"DomainSuffixIsNoParent", "a=1; Domain=ample.org", kShop, {"ample.org", "/a/b"}, ""},
        Case{"TopLevelDomain", "a=1; Domain=org", kShop, {"other.org", "/a/b"}, ""},
        Case{"LocalhostIsItself", "a=1; Domain=localhost", {"localhost", "/"}, {"localhost", "/"}, "a=1"},
        Case{"AddressIsItself", "a=1; Domain=127.0.0.1", {"127.0.0.1", "/"}, {"127.0.0.1", "/"}, "a=1"},
        Case{"AddressHasNoParent", "a=1; Domain=0.0.1", {"127.0.0.1", "/"}, {"127.0.0.1", "/"}, ""},
        Case{"DefaultPathIsTheFolder", "a=1", kShop, {"shop.example.org", "/"}, ""},
        Case{"DefaultPathIgnoresQuery", "a=1", {"h", "/x?y=/z/"}, {"h", "/q"}, "a=1"},
        Case{"PathItself", "a=1; Path=/x", kShop, {"shop.example.org", "/x"}, "a=1"},
        Case{"PathBelow", "a=1; Path=/x", kShop, {"shop.example.org", "/x/y?z"}, "a=1"},
        Case{"PathPrefixOfAName", "a=1; Path=/x", kShop, {"shop.example.org", "/xy"}, ""},
        Case{"RelativePathIsIgnored", "a=1; Path=x", kShop, {"shop.example.org", "/a/z"}, "a=1"},
        Case{"SecureOverTls", "a=1; Secure", kShop, {"shop.example.org", "/a/b", true}, "a=1"},
        Case{"SecureNotInTheClear", "a=1; Secure", kShop, kShop, ""},
        Case{"MaxAgePassed", "a=1; Max-Age=9", kShop, kShop, ""},
        Case{"MaxAgeToCome", "a=1; Max-Age=11", kShop, kShop, "a=1"},
        Case{"MaxAgeZero", "a=1; Max-Age=0", kShop, kShop, ""},
        Case{"MaxAgeHuge", "a=1; Max-Age=99999999999999999999", kShop, kShop, "a=1"},
        Case{"MaxAgeBeatsExpires", "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kShop, kShop, "a=1"},
        Case{"Expired", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kShop, kShop, ""},
        Case{"ExpiresLater", "a=1; expires=Fri, 01-Jan-2100 00:00:00 GMT", kShop, kShop, "a=1"},
        Case{"ExpiresMalformed", "a=1; Expires=soon", kShop, kShop, "a=1"},
        Case{"UnknownAttributes", "a=1; HttpOnly; SameSite=Lax; Priority=High", kShop, kShop, "a=1"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CookieJar, LongerPathsGoFirstThenOlderCookies) {
  CookieJar jar;
  jar.store("a=1; Path=/", {"h", "/"}, kNow);
  jar.store("b=2; Path=/x/y", {"h", "/"}, kNow);
  jar.store("c=3; Path=/x", {"h", "/"}, kNow);
  jar.store("d=4; Path=/", {"h", "/"}, kNow);
  std::string sent;
  jar.append_to(sent, {"h", "/x/y/z"}, kNow);
  EXPECT_EQ(sent, "b=2; c=3; a=1; d=4");
}

TEST(CookieJar, ASecondOneOfTheSameNameAndScopeReplacesTheFirst) {
  CookieJar jar;
  jar.store("a=1; Path=/", {"h", "/"}, kNow);
  jar.store("a=2; Path=/", {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), 1u);
  EXPECT_EQ(*jar.find("a"), "2");
  jar.store("a=; Path=/; Max-Age=-1", {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), 0u);
  EXPECT_EQ(jar.find("a"), nullptr);
}

TEST(CookieJar, IsBoundedInNumberAndInBytes) {
  CookieJar jar;
  for (int i = 0; i < 1000; ++i) jar.store("n" + std::to_string(i) + "=v", {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), CookieJar::kMostCookies);
  EXPECT_NE(jar.find("n999"), nullptr);
  EXPECT_EQ(jar.find("n0"), nullptr);
  jar.clear();
  jar.store("a=" + std::string(CookieJar::kMostBytes - 1, 'x'), {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), 1u);
  jar.store("b=" + std::string(CookieJar::kMostBytes, 'x'), {"h", "/"}, kNow);
  jar.store("c=1; Path=/" + std::string(CookieJar::kMostPath, 'x'), {"h", "/"}, kNow);
  jar.store("d=1; Domain=" + std::string(CookieJar::kMostDomain + 1, 'x'), {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), 1u);
}

TEST(CookieJar, TakesEverySetCookieFieldOfAnAnswer) {
  CookieJar jar;
  jar.store_all("Server: x\nset-cookie: a=1\nSet-Cookie: b=2; Path=/\n", {"h", "/"}, kNow);
  EXPECT_EQ(jar.size(), 2u);
  std::string_view value;
  EXPECT_TRUE(find_set_cookie("Set-Cookie: a=1; Path=/\nSet-Cookie: ab=2\n", "ab", value));
  EXPECT_EQ(value, "2");
  EXPECT_FALSE(find_set_cookie("Set-Cookie: a=1\nCookie: b=3\n", "b", value));
}

TEST(CookieDate, ReadsWhatServersWriteAndNothingElse) {
  const struct {
    const char* text;
    std::int64_t seconds;  // -1: no date
  } cases[] = {{"Wed, 21 Oct 2015 07:28:00 GMT", 1445412480},
               {"Wednesday, 21-Oct-15 07:28:00 GMT", 1445412480},
               {"Wed Oct 21 07:28:00 2015", 1445412480},
               {"21 oct 2015 7:28:0", 1445412480},
               {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
               {"31 Feb 2020 00:00:00", -1},
               {"21 Oct 1500 07:28:00", -1},
               {"21 Oct 2015 24:00:00", -1},
               {"21 Oct 2015 07:60:00", -1},
               {"21 Oct 2015", -1},
               {"Oct 2015 07:28:00", -1},
               {"", -1},
               {"99999999999999999999", -1}};
  for (const auto& one : cases) {
    std::int64_t seconds = -1;
    const bool good = parse_cookie_date(one.text, seconds);
    EXPECT_EQ(good, one.seconds >= 0) << one.text;
    if (good) {
      EXPECT_EQ(seconds, one.seconds) << one.text;
    }
  }
}

}  // namespace
}  // namespace tidemark::drive
