#include "engine/core/trace_id.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

constexpr const char* kExample =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";  // W3C Trace Context, 3.2.2.5

TEST(TraceContext, ReadsTheExampleOfTheRecommendation) {
  const auto context = TraceContext::parse(kExample);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(context->span_id(), "b7ad6b7169203331");
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(context->traceparent(), kExample);
}

TEST(TraceContext, KeepsTheSampledFlagOnly) {
  const auto sampled = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff");
  ASSERT_TRUE(sampled);
  EXPECT_TRUE(sampled->traceparent().ends_with("-01"));
  const auto unsampled = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02");
  ASSERT_TRUE(unsampled);
  EXPECT_TRUE(unsampled->traceparent().ends_with("-00"));
}

TEST(TraceContext, AcceptsLaterVersionsByTheirFirst55Bytes) {
  EXPECT_TRUE(TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes"));
  EXPECT_TRUE(TraceContext::parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01what"));
}

TEST(TraceContext, RefusesWhatIsNoTraceparent) {
  const std::string whole = kExample;
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(TraceContext::parse(whole.substr(0, length)));
  for (const char* text : {
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",  // version 00 ends here
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
           "00 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
       }) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}

TEST(Hex16, PadsWithZeros) {
  EXPECT_EQ(hex16(0), "0000000000000000");
  EXPECT_EQ(hex16(0xdeadbeef), "00000000deadbeef");
  EXPECT_EQ(hex16(~std::uint64_t{0}), "ffffffffffffffff");
}

}  // namespace
}  // namespace tidemark
