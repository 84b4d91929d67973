// Bulkhead, pool policies and peak shaving.
#include <gtest/gtest.h>

#include <vector>

#include "engine/core/random.h"
#include "engine/guard/bulkhead.h"
#include "engine/guard/pool_policy.h"
#include "engine/guard/shaving_buffer.h"

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(Nanos offset) {
  return Instant(std::chrono::hours(100)) + offset;
}

TEST(Bulkhead, AFloodOfBrowsingLeavesTheCoreItsShare) {
  Bulkhead bulkhead({.slots = 10, .groups = {{"core", 0.5, 1}, {"browse", 0.1, 0.4}}});
  const std::size_t core = bulkhead.group("core"), browse = bulkhead.group("browse");
  int browsing = 0;
  while (bulkhead.enter(browse)) ++browsing;
  EXPECT_EQ(browsing, 4) << "its most: one of its own and three borrowed";
  int ordering = 0;
  while (bulkhead.enter(core)) ++ordering;
  EXPECT_EQ(ordering, 6) << "five of its own and the last one that nobody owns";
  EXPECT_FALSE(bulkhead.enter(browse));
  bulkhead.leave(core);
  EXPECT_FALSE(bulkhead.enter(browse)) << "at its most";
  bulkhead.leave(browse);
  EXPECT_TRUE(bulkhead.enter(browse));
  EXPECT_EQ(bulkhead.refused(browse), 3U);
  EXPECT_EQ(bulkhead.refused(core), 1U);
}

TEST(Bulkhead, AStrangerMayBorrowWhatNobodyOwns) {
  Bulkhead bulkhead({.slots = 4, .groups = {{"core", 0.5, 1}}});
  const std::size_t rest = bulkhead.group("whoever");
  EXPECT_EQ(rest, bulkhead.group("somebody else"));
  EXPECT_TRUE(bulkhead.enter(rest));
  EXPECT_TRUE(bulkhead.enter(rest));
  EXPECT_FALSE(bulkhead.enter(rest));
  bulkhead.leave(rest);
  EXPECT_TRUE(bulkhead.enter(rest));
}

TEST(Bulkhead, AShareAboveZeroIsAtLeastOneSlot) {
  Bulkhead bulkhead({.slots = 3, .groups = {{"a", 0.1, 0.1}, {"b", 0.1, 1}}});
  EXPECT_TRUE(bulkhead.enter(bulkhead.group("a")));
  EXPECT_FALSE(bulkhead.enter(bulkhead.group("a")));
  EXPECT_TRUE(bulkhead.enter(bulkhead.group("b")));
}

// Whatever comes and goes: never more than there is, never more than a group's most, and who owns a slot gets it.
TEST(Bulkhead, HoldsItsInvariantsUnderAnyOrder) {
  Random random(1, "bulkhead");
  const BulkheadSettings settings;
  const std::vector<std::uint32_t> owned = {32, 6, 6, 0}, most = {64, 64, 32, 12};
  Bulkhead bulkhead(settings);
  for (int i = 0; i < 200'000; ++i) {
    const auto group = static_cast<std::size_t>(random.below(5));
    if (random.uniform() < 0.55) {
      const bool let = bulkhead.enter(group);
      if (group < 4) {
        ASSERT_LE(bulkhead.in_use(group), most[group]);
        if (!let) {
          ASSERT_GE(bulkhead.in_use(group), owned[group]) << "an owner was refused its own";
        }
      }
    } else if (bulkhead.in_use(group) > 0) {
      bulkhead.leave(group);
    }
    std::uint32_t total = 0;
    for (std::size_t g = 0; g < bulkhead.groups(); ++g) total += bulkhead.in_use(g);
    ASSERT_LE(total, bulkhead.slots());
  }
}

using Decision = PolicyPool::Decision;

TEST(PolicyPool, BlockLetsNobodyWaitLongerThanItsLimit) {
  PolicyPool pool(1, 10, {.policy = PoolSettings::Policy::block, .wait = milliseconds(100)});
  std::uint64_t ticket = 0;
  EXPECT_EQ(pool.acquire(at(Nanos{}), 1), Decision::granted);
  EXPECT_EQ(pool.next_expiry(), Instant::max());
  EXPECT_EQ(pool.acquire(at(milliseconds(10)), 2), Decision::queued);
  EXPECT_EQ(pool.acquire(at(milliseconds(20)), 3), Decision::queued);
  EXPECT_EQ(pool.acquire(at(milliseconds(30)), 4), Decision::queued);
  EXPECT_TRUE(pool.abandon(at(milliseconds(40)), 3));
  EXPECT_EQ(pool.next_expiry(), at(milliseconds(110)));
  EXPECT_FALSE(pool.expire(at(milliseconds(109)), &ticket));
  EXPECT_TRUE(pool.expire(at(milliseconds(110)), &ticket));
  EXPECT_EQ(ticket, 2U);
  EXPECT_EQ(pool.expired(), 1U);
  EXPECT_TRUE(pool.release(at(milliseconds(120)), &ticket));
  EXPECT_EQ(ticket, 4U);
  EXPECT_EQ(pool.next_expiry(), Instant::max());
  EXPECT_FALSE(pool.release(at(milliseconds(130)), &ticket));
}

TEST(PolicyPool, RejectTurnsAwayAtTheQueueAndWaitsWithoutALimit) {
  PolicyPool pool(1, 1, {});
  std::uint64_t ticket = 0;
  EXPECT_EQ(pool.acquire(at(Nanos{}), 1), Decision::granted);
  EXPECT_EQ(pool.acquire(at(Nanos{}), 2), Decision::queued);
  EXPECT_EQ(pool.acquire(at(Nanos{}), 3), Decision::refused);
  EXPECT_EQ(pool.next_expiry(), Instant::max());
  EXPECT_FALSE(pool.expire(at(std::chrono::hours(1)), &ticket));
}

TEST(PolicyPool, UnboundedGrantsWhateverComes) {
  PolicyPool pool(1, 0, {.policy = PoolSettings::Policy::unbounded});
  for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_EQ(pool.acquire(at(Nanos{}), i), Decision::granted);
  EXPECT_EQ(pool.read(at(Nanos{})).in_use, 100'000U);
}

using Shaved = ShavingBuffer::Decision;

TEST(ShavingBuffer, IsDirectWhileCalmAndDrainsABurstAtItsRate) {
  ShavingBuffer buffer({.rate = 100, .burst = 10, .longest = Nanos{}});
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(buffer.offer(at(milliseconds(20) * i), 0), Shaved::direct) << i;
  const Instant burst = at(seconds(100));
  int direct = 0, buffered = 0, refused = 0;
  for (std::uint64_t i = 0; i < 1200; ++i) {
    const Shaved decision = buffer.offer(burst, i);
    direct += decision == Shaved::direct ? 1 : 0;
    buffered += decision == Shaved::buffered ? 1 : 0;
    refused += decision == Shaved::refused ? 1 : 0;
  }
  EXPECT_EQ(direct, 10);
  EXPECT_EQ(buffered, 1000) << "the memory buffer";
  EXPECT_EQ(refused, 190);
  // Drained in order, at the rate: the last of a thousand after ten seconds.
  Instant now = burst;
  std::uint64_t ticket = 0, expected = 10;
  while (buffer.waiting() > 0) {
    now = buffer.next_drain(now);
    ASSERT_TRUE(buffer.drain(now, &ticket));
    ASSERT_EQ(ticket, expected++);
    ASSERT_FALSE(buffer.drain(now, &ticket)) << "one at a time";
  }
  EXPECT_NEAR(to_seconds(now - burst), 10, 0.02);
  EXPECT_EQ(buffer.next_drain(now), Instant::max());
  EXPECT_EQ(buffer.offer(now + seconds(1), 1), Shaved::direct) << "calm again";
}

TEST(ShavingBuffer, NobodyOvertakesThoseWhoWait) {
  ShavingBuffer buffer({.rate = 10, .burst = 1});
  EXPECT_EQ(buffer.offer(at(Nanos{}), 1), Shaved::direct);
  EXPECT_EQ(buffer.offer(at(Nanos{}), 2), Shaved::buffered);
  EXPECT_EQ(buffer.offer(at(milliseconds(150)), 3), Shaved::buffered) << "a token is there, but so is somebody";
  std::uint64_t ticket = 0;
  EXPECT_TRUE(buffer.drain(at(milliseconds(150)), &ticket));
  EXPECT_EQ(ticket, 2U);
  EXPECT_TRUE(buffer.abandon(3));
  EXPECT_FALSE(buffer.abandon(3));
}

TEST(ShavingBuffer, WhatWouldWaitTooLongIsNotLetIn) {
  ShavingBuffer buffer({.rate = 10, .burst = 1, .longest = seconds(1)});
  buffer.offer(at(Nanos{}), 0);
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(buffer.offer(at(Nanos{}), i), Shaved::buffered);
  EXPECT_EQ(buffer.offer(at(Nanos{}), 11), Shaved::refused) << "it would come out after 1.1 s";
}

TEST(ShavingBuffer, OverflowsIntoTheQueueAndOtherModesNeverWaitHere) {
  using Mode = BufferSettings::Mode;
  ShavingBuffer overflowing({.rate = 1, .burst = 1, .capacity = 1, .overflow = BufferSettings::Overflow::queue});
  EXPECT_EQ(overflowing.offer(at(Nanos{}), 1), Shaved::direct);
  EXPECT_EQ(overflowing.offer(at(Nanos{}), 2), Shaved::buffered);
  EXPECT_EQ(overflowing.offer(at(Nanos{}), 3), Shaved::to_queue);
  ShavingBuffer direct({.mode = Mode::direct, .rate = 1}), queue({.mode = Mode::queue});
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(direct.offer(at(Nanos{}), i), Shaved::direct);
    EXPECT_EQ(queue.offer(at(Nanos{}), i), Shaved::to_queue);
  }
  EXPECT_EQ(direct.counts().direct, 100U);
  EXPECT_EQ(queue.counts().queued, 100U);
}

}  // namespace
}  // namespace tidemark::guard
