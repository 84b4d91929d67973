// However requests come, no second holds more of them than the limit: tried on random and on hostile schedules.
#include "engine/guard/window_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/random.h"

namespace tidemark::guard {
namespace {

using namespace std::chrono_literals;

// Offers events at the given instants, each held until the limit lets it go; returns when each went.
std::vector<Nanos> passed(std::uint32_t limit, const std::vector<Nanos>& offered) {
  WindowLimit window(limit);
  std::vector<Nanos> went;
  for (const Nanos at : offered) {
    const Nanos now = std::max(went.empty() ? at : std::max(at, went.back()), window.next());
    EXPECT_TRUE(window.would_admit(now));
    window.count(now);
    went.push_back(now);
  }
  return went;
}

std::size_t most_in_a_second(const std::vector<Nanos>& went) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < went.size(); ++last) {
    while (went[last] - went[first] >= 1s) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(WindowLimit, NoSecondHoldsMoreWhateverIsOffered) {
  Random random(7, "offers");
  for (int round = 0; round < 300; ++round) {
    const auto limit = static_cast<std::uint32_t>(1 + random.below(200));
    const double pace = 0.2 + random.uniform() * 5;  // offered over allowed
    std::vector<Nanos> offered;
    double at_s = 0;
    for (int i = 0; i < 2000; ++i) {
      // Bursts of random length among exponential gaps.
      if (random.below(4) != 0) at_s += -std::log(1 - random.uniform()) / (limit * pace);
      offered.push_back(from_seconds(at_s));
    }
    const auto went = passed(limit, offered);
    ASSERT_LE(most_in_a_second(went), limit) << "round " << round;
    for (std::size_t i = 0; i < went.size(); ++i) ASSERT_GE(went[i], offered[i]);
  }
}

TEST(WindowLimit, WhatIsBelowTheLimitIsNeverHeld) {
  std::vector<Nanos> offered;
  for (int i = 0; i < 1000; ++i) offered.push_back(i * 10ms);
  EXPECT_EQ(passed(100, offered), offered) << "the hundredth of a second later is a second after the first";
}

TEST(WindowLimit, ABurstOfTheWholeLimitIsLetThroughAndThenNothingForASecond) {
  const std::vector<Nanos> burst(25, 5s);
  const auto went = passed(10, burst);
  EXPECT_EQ(went[9], 5s);
  EXPECT_EQ(went[10], 6s);
  EXPECT_EQ(went[24], 7s);
}

TEST(WindowLimit, OneASecond) {
  const auto went = passed(1, {0s, 0s, 0s});
  EXPECT_EQ(went, (std::vector<Nanos>{0s, 1s, 2s}));
}

}  // namespace
}  // namespace tidemark::guard
