#include "engine/guard/worker_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/core/random.h"

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Decision = WorkerPool::Decision;

Instant at(Nanos offset) {
  return Instant(std::chrono::hours(100)) + offset;
}

TEST(WorkerPool, GrantsThenQueuesThenRefuses) {
  WorkerPool pool(2, 1);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 1), Decision::granted);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 2), Decision::granted);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 3), Decision::queued);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 4), Decision::refused);
  const auto reading = pool.read(at(seconds(0)));
  EXPECT_EQ(reading.workers, 2U);
  EXPECT_EQ(reading.in_use, 2U);
  EXPECT_EQ(reading.queued, 1U);
  EXPECT_EQ(reading.refused, 1U);
}

TEST(WorkerPool, WithoutQueueRefusesAtOnce) {
  WorkerPool pool(1, 0);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 1), Decision::granted);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 2), Decision::refused);
}

TEST(WorkerPool, PassesSlotsInOrderOfArrival) {
  WorkerPool pool(1, 10);
  ASSERT_EQ(pool.acquire(at(seconds(0)), 100), Decision::granted);
  for (std::uint64_t ticket = 1; ticket <= 5; ++ticket)
    ASSERT_EQ(pool.acquire(at(seconds(0)), ticket), Decision::queued);
  EXPECT_TRUE(pool.abandon(at(seconds(1)), 3));
  EXPECT_FALSE(pool.abandon(at(seconds(1)), 3)) << "it no longer waits";
  EXPECT_FALSE(pool.abandon(at(seconds(1)), 100)) << "it runs";
  for (const std::uint64_t expected : {1U, 2U, 4U, 5U}) {
    std::uint64_t next = 0;
    ASSERT_TRUE(pool.release(at(seconds(2)), &next));
    EXPECT_EQ(next, expected);
    EXPECT_EQ(pool.read(at(seconds(2))).in_use, 1U) << "the slot changes hands, it is not free in between";
  }
  std::uint64_t next = 77;
  EXPECT_FALSE(pool.release(at(seconds(3)), &next));
  EXPECT_EQ(next, 77U);
  EXPECT_EQ(pool.read(at(seconds(3))).in_use, 0U);
}

TEST(WorkerPool, IntegralsAreExactOnAHandMadeSequence) {
  WorkerPool pool(2, 5);
  std::uint64_t next = 0;
  pool.acquire(at(milliseconds(0)), 1);                       // 1 busy for 100 ms
  pool.acquire(at(milliseconds(100)), 2);                     // 2 busy for 50 ms
  pool.acquire(at(milliseconds(150)), 3);                     // 2 busy, 1 waits, for 50 ms
  pool.acquire(at(milliseconds(200)), 4);                     // 2 busy, 2 wait, for 100 ms
  EXPECT_TRUE(pool.abandon(at(milliseconds(300)), 4));        // 2 busy, 1 waits, for 200 ms
  EXPECT_TRUE(pool.release(at(milliseconds(500)), &next));    // 2 busy for 500 ms
  EXPECT_FALSE(pool.release(at(milliseconds(1000)), &next));  // 1 busy for 250 ms
  const auto reading = pool.read(at(milliseconds(1250)));
  EXPECT_EQ(reading.busy_seconds, 2.15) << "0.1 + 2 x 0.9 + 0.25";
  EXPECT_EQ(reading.wait_seconds, 0.45) << "0.05 + 2 x 0.1 + 0.2";
  EXPECT_EQ(pool.read(at(milliseconds(1250))).busy_seconds, reading.busy_seconds) << "a read changes nothing";
}

TEST(WorkerPool, IntegralsStartWithTheFirstUse) {
  WorkerPool pool(1, 1);
  EXPECT_EQ(pool.read(at(seconds(1000))).busy_seconds, 0);
  pool.acquire(at(seconds(2000)), 1);
  EXPECT_EQ(pool.read(at(seconds(2001))).busy_seconds, 1);
}

TEST(WorkerPool, AnEarlierInstantCountsAsTheLatest) {
  WorkerPool pool(1, 1);
  pool.acquire(at(seconds(10)), 1);
  EXPECT_EQ(pool.read(at(seconds(11))).busy_seconds, 1);
  EXPECT_EQ(pool.read(at(seconds(9))).busy_seconds, 1);
  EXPECT_EQ(pool.read(at(seconds(12))).busy_seconds, 2);
}

TEST(WorkerPool, MaximaAreThoseOfTheLastWholeSecond) {
  WorkerPool pool(3, 5);
  std::uint64_t next = 0;
  // Second 0: up to 3 in use and 2 queued, 2 in use at its end.
  for (std::uint64_t ticket = 0; ticket < 5; ++ticket) pool.acquire(at(milliseconds(100)), ticket);
  EXPECT_EQ(pool.read(at(milliseconds(999))).in_use_max, 0U) << "second 0 is not over";
  pool.release(at(milliseconds(400)), &next);
  pool.release(at(milliseconds(400)), &next);
  pool.release(at(milliseconds(400)), &next);
  const auto first = pool.read(at(milliseconds(1000)));
  EXPECT_EQ(first.in_use_max, 3U);
  EXPECT_EQ(first.queued_max, 2U);
  // Second 1 starts with the level that it finds.
  pool.release(at(milliseconds(1500)), &next);
  EXPECT_EQ(pool.read(at(milliseconds(1999))).in_use_max, 3U) << "still second 0's";
  const auto second = pool.read(at(milliseconds(2000)));
  EXPECT_EQ(second.in_use_max, 2U);
  EXPECT_EQ(second.queued_max, 0U);
  // Seconds nobody looked at: the last whole one is a constant level.
  EXPECT_EQ(pool.read(at(seconds(60))).in_use_max, 1U);
  EXPECT_EQ(pool.read(at(seconds(61))).in_use_max, 1U);
}

TEST(WorkerPool, LevelsAreTheSameHoweverOftenItIsRead) {
  Random random(11, "pool");
  WorkerPool watched(4, 20), left_alone(4, 20);
  Nanos now{};
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    now += Nanos(random.below(400'000'000));
    if (random.below(2) == 0) {
      EXPECT_EQ(watched.acquire(at(now), i), left_alone.acquire(at(now), i));
    } else if (watched.read(at(now)).in_use > 0) {
      EXPECT_EQ(watched.release(at(now), &next), left_alone.release(at(now), &next));
    }
    for (int k = 0; k < 3; ++k) watched.read(at(now + Nanos(k)));
  }
  const auto a = watched.read(at(now + seconds(2)));
  const auto b = left_alone.read(at(now + seconds(2)));
  EXPECT_EQ(a.busy_seconds, b.busy_seconds);
  EXPECT_EQ(a.wait_seconds, b.wait_seconds);
  EXPECT_EQ(a.in_use_max, b.in_use_max);
  EXPECT_EQ(a.queued_max, b.queued_max);
}

// Utilisation law, Little's law and the maxima against a plain replay of the same events.
TEST(WorkerPool, AgreesWithABruteForceReplay) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed, "brute");
    const auto workers = static_cast<std::uint32_t>(1 + random.below(5));
    const auto limit = static_cast<std::uint32_t>(random.below(6));
    WorkerPool pool(workers, limit);
    std::uint32_t running = 0;
    std::vector<std::uint64_t> waiting;
    std::int64_t now_ms = 0, busy_ms = 0, wait_ms = 0;
    std::uint32_t max_in_second = 0, previous_max = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      for (std::uint64_t step = random.below(120); step > 0; --step) {
        busy_ms += running;
        wait_ms += static_cast<std::int64_t>(waiting.size());
        if (++now_ms % 1000 == 0) previous_max = std::exchange(max_in_second, running);
      }
      const Instant now = at(milliseconds(now_ms));
      std::uint64_t next = 0;
      switch (random.below(3)) {
        case 0: {
          const Decision decision = pool.acquire(now, i);
          if (running < workers) {
            EXPECT_EQ(decision, Decision::granted);
            ++running;
          } else if (waiting.size() < limit) {
            EXPECT_EQ(decision, Decision::queued);
            waiting.push_back(i);
          } else {
            EXPECT_EQ(decision, Decision::refused);
          }
          break;
        }
        case 1:
          if (running == 0) break;
          ASSERT_EQ(pool.release(now, &next), !waiting.empty());
          if (waiting.empty()) {
            --running;
          } else {
            EXPECT_EQ(next, waiting.front());
            waiting.erase(waiting.begin());
          }
          break;
        default:
          if (waiting.empty()) break;
          const auto victim = waiting.begin() + static_cast<std::ptrdiff_t>(random.below(waiting.size()));
          EXPECT_TRUE(pool.abandon(now, *victim));
          waiting.erase(victim);
      }
      max_in_second = std::max(max_in_second, running);
      const auto reading = pool.read(now);
      ASSERT_EQ(reading.busy_seconds, static_cast<double>(busy_ms) * 1e6 / 1e9);
      ASSERT_EQ(reading.wait_seconds, static_cast<double>(wait_ms) * 1e6 / 1e9);
      ASSERT_EQ(reading.in_use, running);
      ASSERT_EQ(reading.queued, waiting.size());
      ASSERT_EQ(reading.in_use_max, previous_max) << now_ms;
    }
  }
}

TEST(WorkerPool, NoWorkersAreTakenAsOne) {
  WorkerPool pool(0, 0);
  EXPECT_EQ(pool.acquire(at(seconds(0)), 1), Decision::granted);
  EXPECT_EQ(pool.read(at(seconds(0))).workers, 1U);
}

}  // namespace
}  // namespace tidemark::guard
