#include "models/twin/event_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/core/random.h"

namespace tidemark::twin {
namespace {

// Every pattern of times against a multimap, which keeps equal keys in the order of insertion.
void replay(double per_second, std::int64_t spread_ns, std::uint64_t seed) {
  Random random(seed, "queue");
  EventQueue queue(per_second);
  std::multimap<std::int64_t, std::uint32_t> reference;
  std::int64_t now = 0;
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    const bool grow = i % 10'000 < 5'000;
    if (reference.empty() || random.below(10) < (grow ? 6U : 4U)) {
      std::int64_t ahead = 0;
      switch (random.below(4)) {
        case 0:
          ahead = 0;
          break;
        case 1:
          ahead = static_cast<std::int64_t>(random.below(100));
          break;
        case 2:
          ahead = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(spread_ns)));
          break;
        default:
          ahead = static_cast<std::int64_t>(random.exponential(static_cast<double>(spread_ns)));
      }
      queue.push(now + ahead, i, 7);
      reference.emplace(now + ahead, i);
    } else {
      const auto expected = *reference.begin();
      reference.erase(reference.begin());
      // Asked for too little, it moves nothing; what is pushed next may still come first.
      ASSERT_FALSE(queue.due(expected.first));
      ASSERT_TRUE(queue.due(expected.first + 1));
      ASSERT_EQ(queue.next(), expected.first);
      const Event event = queue.pop();
      ASSERT_EQ(event.time_ns, expected.first);
      ASSERT_EQ(event.index, expected.second);
      now = event.time_ns;
    }
    ASSERT_EQ(queue.size(), reference.size());
  }
}

TEST(EventQueue, PopsByTimeAndThenByOrderOfPushing) {
  for (const double per_second : {1.0, 1e3, 1e6, 1e8}) {
    for (const std::int64_t spread : {10'000LL, 10'000'000LL, 10'000'000'000LL, 100'000'000'000'000LL}) {
      SCOPED_TRACE(testing::Message() << per_second << "/s, spread " << spread << " ns");
      replay(per_second, spread, static_cast<std::uint64_t>(spread));
    }
  }
}

TEST(EventQueue, ACrowdAtOneInstantStaysInOrder) {
  EventQueue queue(1e6);
  for (std::uint32_t i = 0; i < 10'000; ++i) queue.push(5'000'000, i, 0);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(queue.due(5'000'001));
    ASSERT_EQ(queue.pop().index, i);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, ADayWithFewEventsIsSkippedOver) {
  EventQueue queue(1e7);
  const std::int64_t day = 86'400'000'000'000;
  for (std::int64_t i = 100; i > 0; --i) queue.push(i * day, static_cast<std::uint32_t>(i), 0);
  for (std::uint32_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(queue.due(101 * day));
    ASSERT_EQ(queue.pop().index, i);
  }
  EXPECT_FALSE(queue.due(200 * day));
}

}  // namespace
}  // namespace tidemark::twin
