#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scenarios/shop/audit.h"
#include "scenarios/shop/event_groups.h"
#include "scenarios/shop/offset_tracker.h"
#include "scenarios/shop/payload.h"

namespace tidemark::shop {
namespace {

const traffic::ShadowTag kLive{};
const traffic::ShadowTag kShadow{"00000000000000aa", "buy", std::string(32, '0')};

TEST(AuditRule, OnlyThePayloadDecides) {
  const std::string tagged = R"({"_run":"00000000000000aa"})", live = R"({"_run":""})", absent = R"({"n":1})";
  EXPECT_EQ(leak_in(AuditedWorld::live, live), std::nullopt);
  EXPECT_EQ(leak_in(AuditedWorld::live, absent), std::nullopt);
  EXPECT_EQ(leak_in(AuditedWorld::live, tagged), "data of run 00000000000000aa in a live place");
  EXPECT_EQ(leak_in(AuditedWorld::shadow, tagged), std::nullopt);
  EXPECT_EQ(leak_in(AuditedWorld::shadow, live), "live data (no run id) in a shadow place");
  EXPECT_EQ(leak_in(AuditedWorld::shadow, absent), "live data (no run id) in a shadow place");
  for (const AuditedWorld world : {AuditedWorld::live, AuditedWorld::shadow}) {
    EXPECT_EQ(leak_in(world, ""), "has no payload");
    for (const char* unreadable : {"x", "[]", "{", R"({"_run":7})", "\xff"}) {
      EXPECT_EQ(leak_in(world, unreadable), "payload is no JSON object with a text field \"_run\"") << unreadable;
    }
  }
  EXPECT_TRUE(leak_in(AuditedWorld::unknown, live)) << "what lies in no world is decided against";
}

TEST(Payload, StampingOverwritesWhatTheCallerSaid) {
  EXPECT_EQ(stamped({{"a", 1}, {"_run", "forged"}}, kShadow), R"({"_run":"00000000000000aa","a":1})");
  EXPECT_EQ(stamped(nlohmann::json::object(), kLive), R"({"_run":""})");
  EXPECT_EQ(payload_problem(stamped({{"a", "\xff"}}, kShadow), kShadow), std::nullopt) << "broken text is replaced";
}

TEST(Payload, QueryEncodingKeepsOnlyUnreservedBytes) {
  EXPECT_EQ(query_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(query_encoded("a b&c=d/é%"), "a%20b%26c%3Dd%2F%C3%A9%25");
}

TEST(OffsetTracker, CommitsUpToTheLowestUnfinished) {
  OffsetTracker tracker;
  EXPECT_FALSE(tracker.news());
  for (const std::uint64_t offset : {5, 6, 7}) EXPECT_TRUE(tracker.begin(offset));
  EXPECT_FALSE(tracker.begin(6)) << "a second delivery";
  EXPECT_EQ(tracker.position(), 8U);
  tracker.end(6);
  EXPECT_EQ(tracker.finished(), 5U);
  tracker.end(5);
  EXPECT_EQ(tracker.finished(), 7U);
  tracker.committed(7);
  EXPECT_FALSE(tracker.news());
  tracker.end(7);
  EXPECT_EQ(tracker.finished(), 8U);
  EXPECT_TRUE(tracker.news());
}

TEST(EventGroups, ShareEveryPartitionExactlyOnceAndForgetTheSilent) {
  EventGroups groups;
  const Instant start = Instant() + std::chrono::hours(1);
  EXPECT_TRUE(groups.seen("mail", "a", start));
  EXPECT_TRUE(groups.seen("mail", "b", start));
  EXPECT_FALSE(groups.seen("mail", "a", start + std::chrono::seconds(3)));
  for (std::uint32_t p = 0; p < 8; ++p) EXPECT_NE(groups.owns("mail", "a", p), groups.owns("mail", "b", p));
  EXPECT_TRUE(groups.seen("mail", "a", start + std::chrono::seconds(6))) << "b fell silent";
  for (std::uint32_t p = 0; p < 8; ++p) EXPECT_TRUE(groups.owns("mail", "a", p));
  EXPECT_FALSE(groups.owns("other", "a", 0));
}

}  // namespace
}  // namespace tidemark::shop
