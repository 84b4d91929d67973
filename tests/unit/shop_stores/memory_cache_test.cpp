#include "scenarios/shop/memory_cache.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/core/random.h"

namespace tidemark::shop {
namespace {

constexpr Instant kStart = Instant() + std::chrono::hours(1);
constexpr std::size_t kEntry = MemoryCache::kEntryOverhead + 2;  // a key and a value of one byte

TEST(MemoryCache, GivesBackWhatWasSet) {
  MemoryCache cache(10 * kEntry);
  EXPECT_EQ(cache.get("a", kStart), nullptr);
  ASSERT_TRUE(cache.set("a", "1", std::nullopt, kStart));
  ASSERT_TRUE(cache.set("a", "2", std::nullopt, kStart));
  EXPECT_EQ(*cache.get("a", kStart), "2");
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), kEntry);
  EXPECT_TRUE(cache.del("a", kStart));
  EXPECT_FALSE(cache.del("a", kStart));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(MemoryCache, ExpiresAtItsTimeToLiveAndNotBefore) {
  using std::chrono::milliseconds;
  MemoryCache cache(10 * kEntry);
  cache.set("a", "1", milliseconds(100), kStart);
  EXPECT_EQ(cache.ttl("a", kStart + milliseconds(40)), milliseconds(60));
  EXPECT_NE(cache.get("a", kStart + milliseconds(99)), nullptr);
  EXPECT_EQ(cache.get("a", kStart + milliseconds(100)), nullptr);
  EXPECT_EQ(cache.ttl("a", kStart), std::nullopt);
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(cache.evictions(), 0U) << "an expired entry was not evicted";
}

TEST(MemoryCache, SettingAgainWithoutTimeToLiveKeepsItForGood) {
  MemoryCache cache(10 * kEntry);
  cache.set("a", "1", std::chrono::seconds(1), kStart);
  cache.set("a", "2", std::nullopt, kStart);
  EXPECT_EQ(cache.ttl("a", kStart), Nanos::max());
  EXPECT_NE(cache.get("a", kStart + std::chrono::hours(1000)), nullptr);
}

TEST(MemoryCache, EvictsTheLeastRecentlyUsed) {
  MemoryCache cache(3 * kEntry);
  for (const char* key : {"a", "b", "c"}) cache.set(key, "1", std::nullopt, kStart);
  cache.get("a", kStart);
  cache.peek("b", kStart);  // looking is not using
  cache.set("d", "1", std::nullopt, kStart);
  EXPECT_EQ(cache.peek("b", kStart), nullptr);
  for (const char* key : {"a", "c", "d"}) EXPECT_NE(cache.peek(key, kStart), nullptr) << key;
  EXPECT_EQ(cache.evictions(), 1U);
  EXPECT_LE(cache.bytes(), 3 * kEntry);
}

TEST(MemoryCache, RefusesWhatNeverFitsAndForgetsTheOldValue) {
  MemoryCache cache(2 * kEntry);
  cache.set("a", "1", std::nullopt, kStart);
  EXPECT_FALSE(cache.set("a", std::string(3 * kEntry, 'x'), std::nullopt, kStart));
  EXPECT_EQ(cache.peek("a", kStart), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(MemoryCache, StaysWithinItsBytesUnderRandomUse) {
  MemoryCache cache(50 * kEntry);
  Random random(1, "cache");
  Instant now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds(1);
    const std::string key = std::to_string(random.below(300));
    if (random.below(4) == 0) {
      cache.del(key, now);
    } else if (random.below(2) == 0) {
      cache.get(key, now);
    } else {
      const Nanos ttl = std::chrono::milliseconds(1 + random.below(500));
      cache.set(key, std::string(random.below(100), 'v'), random.below(2) == 0 ? std::optional(ttl) : std::nullopt,
                now);
    }
    ASSERT_LE(cache.bytes(), 50 * kEntry);
  }
}

TEST(MemoryCache, AScanSeesEveryLastingKeyOnceWhileOthersComeAndGo) {
  MemoryCache cache(1'000'000);
  for (int i = 0; i < 500; ++i) cache.set("keep" + std::to_string(i), "1", std::nullopt, kStart);
  std::multiset<std::string> seen;
  std::uint64_t cursor = 0;
  int round = 0;
  do {
    const auto page = cache.scan(cursor, 7, kStart);
    for (const std::string& key : page.keys) {
      if (key.starts_with("keep")) seen.insert(key);
    }
    cursor = page.next;
    ++round;
    cache.set("keep" + std::to_string(round), "2", std::nullopt, kStart);  // replaced, still the same key
    if (round % 20 == 0) cache.set("new" + std::to_string(round), "1", std::nullopt, kStart);
    cache.del("new" + std::to_string(round - 20), kStart);
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 500U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 500U);
}

}  // namespace
}  // namespace tidemark::shop
