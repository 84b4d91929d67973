#include "engine/guard/token_bucket.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/core/random.h"

namespace tidemark::guard {
namespace {

using namespace tidemark::literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(Nanos offset) {
  return Instant(std::chrono::hours(100)) + offset;
}

int allowed_at(TokenBucket& bucket, Nanos offset, int tries = 1000) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += bucket.allow(at(offset));
  return count;
}

TEST(TokenBucket, StartsFullAndRefillsAtItsRate) {
  TokenBucket bucket(10_rps, 5);
  EXPECT_EQ(allowed_at(bucket, seconds(7)), 5);
  EXPECT_EQ(allowed_at(bucket, seconds(7) + milliseconds(99)), 0);
  EXPECT_EQ(allowed_at(bucket, seconds(7) + milliseconds(100)), 1);
  EXPECT_EQ(allowed_at(bucket, seconds(7) + milliseconds(450)), 3) << "3.5 tokens came";
  EXPECT_EQ(allowed_at(bucket, seconds(7) + milliseconds(500)), 1) << "the half was kept";
  EXPECT_EQ(allowed_at(bucket, seconds(100)), 5) << "no more than the burst is saved";
}

TEST(TokenBucket, NeverAllowsMoreThanRateTimesTimePlusBurst) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed, "bucket");
    const double rate = 0.5 + random.uniform() * 5000;
    const double burst = 1 + static_cast<double>(random.below(50));
    TokenBucket bucket(Rate::per_second(rate), burst);
    std::vector<double> granted_s;
    Nanos now{};
    for (int i = 0; i < 3000; ++i) {
      now += from_seconds(random.exponential(0.5 / rate));  // twice what it lets through
      if (bucket.allow(at(now))) granted_s.push_back(to_seconds(now));
    }
    // In every window, not only from the start.
    for (std::size_t i = 0; i < granted_s.size(); i += 7) {
      for (std::size_t k = i; k < granted_s.size(); k += 11) {
        ASSERT_LE(static_cast<double>(k - i + 1), rate * (granted_s[k] - granted_s[i]) + burst + 1e-6);
      }
    }
    // Under steady overload nothing that was saved is lost either.
    EXPECT_GE(static_cast<double>(granted_s.size()), rate * to_seconds(now) * 0.99 - 1);
  }
}

TEST(TokenBucket, NextAllowedIsTheFirstInstantThatIsAllowed) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, "next");
    TokenBucket bucket(Rate::per_second(0.01 + random.uniform() * 1e5), 1 + random.uniform() * 3);
    Nanos now(random.below(1'000'000'000));
    while (bucket.allow(at(now))) {
    }
    const Instant next = bucket.next_allowed(at(now));
    ASSERT_GT(next, at(now));
    TokenBucket before = bucket;
    EXPECT_FALSE(before.allow(next - Nanos(2)));
    EXPECT_EQ(bucket.next_allowed(next), next);
    EXPECT_TRUE(bucket.allow(next));
  }
}

TEST(TokenBucket, WithoutRateOnlyTheBurstPasses) {
  TokenBucket bucket(0_rps, 2);
  EXPECT_EQ(allowed_at(bucket, seconds(0)), 2);
  EXPECT_EQ(bucket.next_allowed(at(seconds(1))), Instant::max());
  EXPECT_EQ(allowed_at(bucket, std::chrono::hours(10000)), 0);
}

TEST(TokenBucket, ABurstBelowOneIsOne) {
  TokenBucket bucket(1_rps, 0.2);
  EXPECT_EQ(bucket.burst(), 1);
  EXPECT_EQ(allowed_at(bucket, seconds(0)), 1);
}

TEST(TokenBucket, ConfigureKeepsWhatIsSavedUpToTheNewBurst) {
  TokenBucket bucket(10_rps, 10);
  EXPECT_EQ(allowed_at(bucket, seconds(0), 4), 4);
  bucket.configure(at(seconds(0)), 100_rps, 20);
  EXPECT_EQ(allowed_at(bucket, seconds(0)), 6) << "the six that were left, no gift";
  EXPECT_EQ(allowed_at(bucket, milliseconds(100)), 10) << "the new rate";
  bucket.configure(at(seconds(10)), 1_rps, 3);
  EXPECT_EQ(bucket.rate(), 1_rps);
  EXPECT_EQ(allowed_at(bucket, seconds(10)), 3) << "cut to the new burst";
}

TEST(TokenBucket, ConfigureCountsTheTimeBeforeAtTheOldRate) {
  TokenBucket bucket(10_rps, 100);
  EXPECT_EQ(allowed_at(bucket, seconds(0)), 100);
  bucket.configure(at(seconds(1)), 1_rps, 100);
  EXPECT_EQ(allowed_at(bucket, seconds(2)), 11);
}

TEST(TokenBucket, AnEarlierInstantChangesNothing) {
  TokenBucket bucket(10_rps, 1);
  EXPECT_EQ(allowed_at(bucket, seconds(10)), 1);
  EXPECT_EQ(allowed_at(bucket, seconds(9)), 0);
  EXPECT_EQ(allowed_at(bucket, seconds(10) + milliseconds(50)), 0);
  EXPECT_EQ(allowed_at(bucket, seconds(10) + milliseconds(100)), 1);
}

}  // namespace
}  // namespace tidemark::guard
