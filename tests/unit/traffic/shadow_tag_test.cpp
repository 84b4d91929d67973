#include "engine/traffic/shadow_tag.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace tidemark::traffic {
namespace {

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kRun = "00112233445566aa";

TEST(ShadowTag, SignedTagIsGenuineAndSurvivesTheHeader) {
  const TagSigner signer(kKey);
  for (const auto& flow : std::vector<std::string>{"browse", "buy", "a", "with-dash_and_9", std::string(32, 'x')}) {
    const ShadowTag tag = signer.sign(kRun, flow);
    EXPECT_TRUE(signer.genuine(tag)) << flow;
    EXPECT_EQ(tag.world(), "shadow");
    const auto parsed = parse_tag(tag.header_value());
    ASSERT_TRUE(parsed) << tag.header_value();
    EXPECT_EQ(parsed->run, kRun);
    EXPECT_EQ(parsed->flow, flow);
    EXPECT_EQ(parsed->hmac, tag.hmac);
  }
}

// The digest was made with: printf '0000000000000000;a' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b...0b (20
// bytes)
TEST(ShadowTag, DigestIsHmacSha256OverRunAndFlow) {
  EXPECT_EQ(TagSigner(std::string(20, '\x0b')).sign("0000000000000000", "a").hmac, "910276c1a45eed93f2e2c848e3b4f857");
}

TEST(ShadowTag, LiveIsOneWord) {
  const auto live = parse_tag("live");
  ASSERT_TRUE(live);
  EXPECT_TRUE(live->live());
  EXPECT_EQ(live->world(), "live");
  EXPECT_EQ(live->header_value(), "live");
  EXPECT_TRUE(TagSigner(kKey).genuine(*live));
}

TEST(ShadowTag, AnythingElseIsNoTag) {
  const std::string good = TagSigner(kKey).sign(kRun, "browse").header_value();
  const std::string hmac = good.substr(good.rfind(';') + 1);
  const std::vector<std::string> malformed{"",
                                           "Live",
                                           "live ",
                                           " live",
                                           "live;browse",
                                           ";;",
                                           std::string(kRun),
                                           std::string(kRun) + ";browse",
                                           std::string(kRun) + ";browse;",
                                           std::string(kRun) + ";;" + hmac,
                                           std::string(kRun) + ";Browse;" + hmac,
                                           std::string(kRun) + ";bro wse;" + hmac,
                                           std::string(kRun) + ";" + std::string(33, 'x') + ";" + hmac,
                                           std::string(kRun) + ";browse;" + hmac + "0",
                                           std::string(kRun) + ";browse;" + hmac.substr(1),
                                           std::string(kRun) + ";browse;" + std::string(32, 'g'),
                                           std::string(kRun) + ";browse;more;" + hmac,
                                           "0" + std::string(kRun) + ";browse;" + hmac,
                                           std::string(kRun).substr(1) + ";browse;" + hmac,
                                           "zz112233445566aa;browse;" + hmac,
                                           std::string(kRun) + ",browse," + hmac,
                                           std::string(8192, ';')};
  for (const auto& text : malformed) EXPECT_FALSE(parse_tag(text)) << text;
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(parse_tag(good.substr(0, length)));
}

TEST(ShadowTag, ForgeriesAreNotGenuine) {
  const TagSigner signer(kKey);
  const ShadowTag good = signer.sign(kRun, "browse");
  std::vector<ShadowTag> forged{signer.sign(kRun, "buy"), signer.sign("00112233445566ab", "browse"),
                                TagSigner(std::string(kKey) + "x").sign(kRun, "browse"),
                                TagSigner(std::string(16, 'k')).sign(kRun, "browse")};
  for (auto& tag : forged) {  // a good digest of something else
    tag.run = kRun;
    tag.flow = "browse";
  }
  for (std::size_t digit = 0; digit < good.hmac.size(); ++digit) {
    ShadowTag changed = good;
    changed.hmac[digit] = changed.hmac[digit] == '0' ? '1' : '0';
    forged.push_back(changed);
  }
  ShadowTag cut = good, empty = good;
  cut.hmac.resize(16);
  empty.hmac.clear();
  forged.push_back(cut);
  forged.push_back(empty);
  for (const auto& tag : forged) EXPECT_FALSE(signer.genuine(tag)) << tag.header_value();
}

TEST(ShadowTag, ShortKeysAreRefused) {
  EXPECT_THROW(TagSigner(std::string(15, 'k')), std::invalid_argument);
  EXPECT_NO_THROW(TagSigner(std::string(16, 'k')));
}

}  // namespace
}  // namespace tidemark::traffic
