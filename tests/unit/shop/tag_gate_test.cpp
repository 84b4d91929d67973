#include "scenarios/shop/tag_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::shop {
namespace {

using Verdict = TagGate::Verdict;
const std::string kKey(32, 'k');
constexpr const char* kRun = "00112233445566aa";

TEST(TagGate, AbsentIsLiveOnlyAtTheEdge) {
  TagGate edge(kKey, true), inside(kKey, false);
  EXPECT_EQ(edge.decide("").verdict, Verdict::decided);
  EXPECT_TRUE(edge.decide("").tag.live());
  EXPECT_EQ(inside.decide("").verdict, Verdict::absent);
}

TEST(TagGate, DecidesLiveAndGenuineEverywhere) {
  const traffic::TagSigner signer(kKey);
  for (const bool at_edge : {true, false}) {
    TagGate gate(kKey, at_edge);
    EXPECT_TRUE(gate.decide("live").tag.live());
    for (int repeat = 0; repeat < 2; ++repeat) {  // the second time from memory
      const auto decision = gate.decide(signer.sign(kRun, "buy").header_value());
      EXPECT_EQ(decision.verdict, Verdict::decided);
      EXPECT_EQ(decision.tag.flow, "buy");
      EXPECT_EQ(decision.tag.run, kRun);
    }
  }
}

TEST(TagGate, ForgedStaysForgedAfterTheGenuineOneWasSeen) {
  const traffic::TagSigner signer(kKey);
  const std::string good = signer.sign(kRun, "buy").header_value();
  TagGate gate(kKey, false);
  ASSERT_EQ(gate.decide(good).verdict, Verdict::decided);
  std::string forged = good;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(gate.decide(forged).verdict, Verdict::forged);
  EXPECT_EQ(gate.decide(traffic::TagSigner(std::string(32, 'x')).sign(kRun, "buy").header_value()).verdict,
            Verdict::forged);
  EXPECT_EQ(gate.decide("LIVE").verdict, Verdict::malformed);
  EXPECT_EQ(gate.decide("live;").verdict, Verdict::malformed);
}

TEST(TagGate, RemembersMoreTagsThanItHasRoomFor) {
  const traffic::TagSigner signer(kKey);
  TagGate gate(kKey, false);
  for (int flow = 0; flow < 1000; ++flow) {
    const std::string name = "flow" + std::to_string(flow);
    EXPECT_EQ(gate.decide(signer.sign(kRun, name).header_value()).tag.flow, name);
  }
}

}  // namespace
}  // namespace tidemark::shop
