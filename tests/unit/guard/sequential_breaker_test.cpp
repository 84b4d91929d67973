#include "engine/guard/sequential_breaker.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/guard/breaker_driver.h"
#include "tests/unit/guard/false_trips.h"

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = Breaker::State;

// Vectors of the sequential test between 0.2 and 0.5 with h = 20.7: one false trip in 1e9 requests, a total outage
// after 23 requests, half of them failing after about 93.
TEST(Cusum, HoldsThePublishedVectors) {
  constexpr double h = 20.7;
  EXPECT_NEAR(std::exp(h), 1e9, 0.03e9);
  Cusum outage(0.2, 0.5);
  int requests = 0;
  while (outage.sum() < h) {
    outage.add(true, h);
    ++requests;
  }
  EXPECT_EQ(requests, 23);
  double total = 0;
  constexpr int kRuns = 20'000;
  Random random(1, "half");
  for (int run = 0; run < kRuns; ++run) {
    Cusum half(0.2, 0.5);
    for (; half.sum() < h; ++total) half.add(random.uniform() < 0.5, h);
  }
  EXPECT_NEAR(total / kRuns, 93, 2);
}

TEST(Cusum, NeverPassesItsCap) {
  Cusum test(0.2, 0.5);
  for (int i = 0; i < 1000; ++i) test.add(true, 5);
  EXPECT_DOUBLE_EQ(test.sum(), 5);
  for (int i = 0; i < 1000; ++i) test.add(false, 5);
  EXPECT_DOUBLE_EQ(test.sum(), 0);
}

TEST(Sprt, ErrsAsRarelyAsAsked) {
  Random random(1, "sprt");
  for (const double share : {0.3, 0.8}) {
    constexpr int kRuns = 20'000;
    int healthy = 0;
    for (int run = 0; run < kRuns; ++run) {
      Sprt test(0.3, 0.8, {.sick_taken_for_healthy = 0.02, .healthy_taken_for_sick = 0.15});
      Sprt::Verdict verdict = Sprt::Verdict::open;
      while (verdict == Sprt::Verdict::open) verdict = test.add(random.uniform() < share);
      healthy += verdict == Sprt::Verdict::healthy ? 1 : 0;
    }
    const double found = static_cast<double>(healthy) / kRuns;
    // Wald's bounds: at most 0.02 / (1 - 0.15) and 0.15 / (1 - 0.02).
    if (share > 0.5) {
      EXPECT_LE(found, 0.024);
    } else {
      EXPECT_GE(found, 1 - 0.154);
    }
  }
}

TEST(OverdueCalls, NoticesEachCallOnceAndNoneTooEarly) {
  OverdueCalls calls(milliseconds(160));  // stretches of 10 ms
  const Instant start(std::chrono::hours(1));
  const auto at = [&](int ms) { return start + milliseconds(ms); };
  EXPECT_EQ(calls.newly(at(0)), 0U);
  const auto first = calls.started(at(0));
  calls.newly(at(5));
  const auto second = calls.started(at(5));
  calls.newly(at(40));
  const auto third = calls.started(at(40));
  EXPECT_FALSE(calls.ended(second)) << "it ended in time";
  EXPECT_EQ(calls.newly(at(160)), 0U);
  EXPECT_EQ(calls.newly(at(170)), 1U) << "the stretch of the first is over its limit as a whole";
  EXPECT_EQ(calls.newly(at(170)), 0U);
  EXPECT_TRUE(calls.ended(first)) << "it was told of";
  EXPECT_EQ(calls.newly(at(10'000)), 1U) << "after a long silence too";
  EXPECT_TRUE(calls.ended(third));
}

TEST(SequentialBreaker, NeverTripsFalselyInADayUpToOneFailureInFive) {
  const BreakerSettings ours = *default_breaker("sequential");
  for (const double rate : {100.0, 3.0}) {
    for (const double p : {0.05, 0.20}) {
      EXPECT_EQ(false_trips(ours, Rate::per_second(rate), p, 24, 11).trips, 0U) << p << " at " << rate << "/s";
    }
  }
}

// What a day cannot show: the law of the sum at its threshold. Scaled down to one false trip in 1,000 requests, where
// it can be counted, the mean number of requests to one is above what was asked, at the tolerated share itself.
TEST(SequentialBreaker, AFalseTripIsAsRareAsAsked) {
  SequentialSettings settings;
  settings.false_trip_requests = 1000;
  settings.confirm = Nanos{};
  settings.relapse = 0;
  const FalseTrips found = false_trips({.rule = settings}, Rate::per_second(100), settings.tolerated, 10, 3);
  EXPECT_GT(found.trips, 100U) << "enough to count";
  EXPECT_GE(static_cast<double>(found.requests - found.good_refused) / static_cast<double>(found.trips), 1000);
}

TEST(SequentialBreaker, OpensWithinASecondOfAFullOutage) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    BreakerDriver drive(*default_breaker("sequential"), seed);
    Random random(seed, "arrivals");
    for (int i = 0; i < 5000; ++i) {
      drive.call(random.uniform() < 0.05);
      drive.wait(from_seconds(random.exponential(0.01)));
    }
    ASSERT_EQ(drive.state(), State::closed);
    const Instant broken = drive.now();
    while (drive.state() == State::closed) {
      drive.wait(from_seconds(random.exponential(0.01)));
      drive.call(true);
    }
    EXPECT_LE(drive.now() - broken, seconds(1)) << seed;
  }
}

TEST(SequentialBreaker, ATotalOutageIsNineteenFailuresAway) {
  BreakerDriver drive("sequential");
  EXPECT_EQ(drive.calls(times(18, '-'), milliseconds(10)), 18U);
  EXPECT_EQ(drive.state(), State::closed);
  drive.call(true);
  EXPECT_EQ(drive.state(), State::open);
}

TEST(SequentialBreaker, OneLostConnectionIsNotAnOutage) {
  BreakerDriver drive("sequential");
  drive.calls(times(1000, '+'), milliseconds(1));
  drive.calls(times(100, '-'), Nanos{});  // a hundred streams of one connection, reset in one instant
  EXPECT_EQ(drive.state(), State::closed) << "no time has passed";
  drive.calls(times(20, '+'), milliseconds(1));
  drive.wait(milliseconds(200));
  drive.calls("-+", milliseconds(1));
  EXPECT_EQ(drive.trips(), 0U) << "and twenty good answers have taken the evidence back";
}

// Breaks it, keeps it broken for `outage`, and says how long after the repair it closed. `p` of a healthy service.
Nanos time_to_readmit(std::uint64_t seed, double rate, Nanos outage, double p) {
  BreakerDriver drive(*default_breaker("sequential"), seed);
  Random random(seed, "arrivals");
  const auto next = [&] { drive.wait(from_seconds(random.exponential(1 / rate))); };
  const Instant repaired = drive.now() + outage;
  for (; drive.now() < repaired; next()) drive.call(true);
  EXPECT_NE(drive.state(), State::closed);
  for (; drive.state() != State::closed; next()) drive.call(random.uniform() < p);
  return drive.now() - repaired;
}

TEST(SequentialBreaker, AHealthyServiceIsBackWithinTwoSeconds) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    EXPECT_LE(time_to_readmit(seed, 100, seconds(5 + static_cast<int>(seed)), 0), seconds(2)) << seed;
  }
}

TEST(SequentialBreaker, FewCallsOfALongOutageAreLost) {
  BreakerDriver drive("sequential");
  std::size_t through = 0;
  for (int i = 0; i < 60 * 100; ++i) {
    through += drive.call(true) ? 1 : 0;
    drive.wait(milliseconds(10));
  }
  EXPECT_LT(through, 6000U * 4 / 100) << "of 6,000 in a minute";
}

TEST(SequentialBreaker, ProbesGrowWithEachSuccess) {
  BreakerDriver drive("sequential");
  drive.calls(times(19, '-'), milliseconds(10));
  drive.wait(seconds(1));
  ASSERT_EQ(drive.state(), State::half_open);
  const auto first = drive.allow();
  ASSERT_TRUE(first);
  EXPECT_FALSE(drive.allow()) << "one";
  drive.finish(*first, false);
  const auto second = drive.allow(), third = drive.allow();
  ASSERT_TRUE(second && third);
  EXPECT_FALSE(drive.allow()) << "two";
  drive.breaker().abandoned(drive.now(), *third);
  EXPECT_TRUE(drive.allow()) << "a place given back is one";
  drive.finish(*second, false);
  EXPECT_EQ(drive.state(), State::half_open);
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.state(), State::closed) << "three successes";
}

TEST(SequentialBreaker, WaitsLongerEachTimeUpToItsMost) {
  BreakerDriver drive("sequential");
  drive.calls(times(19, '-'), milliseconds(10));
  std::vector<double> waits;
  for (int i = 0; i < 6; ++i) {
    const Instant opened = drive.now();
    while (!drive.call(true)) drive.wait(milliseconds(1));
    drive.call(true);
    waits.push_back(to_seconds(drive.now() - opened));
  }
  const double expected[] = {0.1, 0.2, 0.4, 0.8, 0.8, 0.8};
  for (std::size_t i = 0; i < waits.size(); ++i) EXPECT_NEAR(waits[i], expected[i], expected[i] * 0.1 + 0.012) << i;
}

TEST(SequentialBreaker, LateOutcomesOfTheOutageDoNotDecideTheProbes) {
  BreakerDriver drive("sequential");
  std::vector<Breaker::Permit> old;
  for (int i = 0; i < 50; ++i) old.push_back(*drive.allow());
  drive.calls(times(19, '-'), milliseconds(10));
  drive.wait(seconds(1));
  ASSERT_TRUE(drive.allow());
  for (const auto& permit : old) drive.finish(permit, true, seconds(1));
  EXPECT_EQ(drive.state(), State::half_open);
}

TEST(SequentialBreaker, ProbesThatHangAreGivenUp) {
  BreakerDriver drive("sequential");
  drive.calls(times(19, '-'), milliseconds(10));
  drive.wait(seconds(1));
  const auto lost = drive.allow();
  ASSERT_TRUE(lost);
  drive.wait(milliseconds(400));
  EXPECT_FALSE(drive.allow());
  drive.wait(milliseconds(101));
  const auto next = drive.allow();
  EXPECT_TRUE(next) << "the lost one counts as failed and its place is free";
  drive.finish(*lost, false, milliseconds(501));
  EXPECT_EQ(drive.state(), State::half_open) << "what it says now is not heard";
  drive.finish(*next, true);
  EXPECT_EQ(drive.state(), State::open) << "the second failure";
}

TEST(SequentialBreaker, CallsThatHangOpenItBeforeTheyEnd) {
  SequentialSettings settings;
  settings.slow = milliseconds(200);
  BreakerDriver drive(BreakerSettings{.rule = settings});
  for (int i = 0; i < 1000; ++i) {
    drive.call(false, milliseconds(5));
    drive.wait(milliseconds(10));
  }
  const Instant hung = drive.now();
  while (drive.allow()) drive.wait(milliseconds(10));  // none of these ever ends
  EXPECT_EQ(drive.state(), State::open);
  EXPECT_LE(drive.now() - hung, milliseconds(200 + 200 / 16 * 2 + 200 + 20)) << "the limit, and twenty calls";
}

TEST(SequentialBreaker, FailuresAndSlowCallsDoNotAddUp) {
  SequentialSettings settings;
  settings.slow = milliseconds(100);
  BreakerDriver drive(BreakerSettings{.rule = settings});
  Random random(5, "both");
  for (int i = 0; i < 500'000; ++i) {
    const double u = random.uniform();
    drive.call(u<0.25, u> 0.75 ? milliseconds(150) : milliseconds(5));
    drive.wait(milliseconds(10));
  }
  EXPECT_EQ(drive.trips(), 0U) << "half of the calls are bad, a quarter each way";
}

TEST(SequentialBreaker, ASlowCallIsCountedOnce) {
  SequentialSettings settings;
  settings.slow = milliseconds(100);
  settings.confirm = Nanos{};
  BreakerDriver drive(BreakerSettings{.rule = settings});
  // Ten hang; told of as overdue, and told of again by their outcomes: still ten, not twenty.
  std::vector<Breaker::Permit> hung;
  for (int i = 0; i < 10; ++i) hung.push_back(*drive.allow());
  drive.wait(milliseconds(150));
  for (int i = 0; i < 10; ++i) hung.push_back(*drive.allow());
  for (int i = 0; i < 10; ++i) drive.finish(hung[static_cast<std::size_t>(i)], false, milliseconds(150));
  EXPECT_EQ(drive.state(), State::closed);
}

TEST(SequentialBreaker, ARelapseIsFoundInHalfTheCalls) {
  BreakerDriver drive("sequential");
  drive.calls(times(19, '-'), milliseconds(10));
  drive.wait(seconds(1));
  drive.calls("+++", milliseconds(10));
  ASSERT_EQ(drive.state(), State::closed);
  std::size_t calls = 0;
  for (; drive.state() == State::closed; ++calls) drive.calls("-", milliseconds(12));
  EXPECT_EQ(calls, 10U);
}

TEST(SequentialBreaker, SameSeedSameWaits) {
  const auto trace = [](std::uint64_t seed) {
    BreakerDriver drive(*default_breaker("sequential"), seed);
    std::string let;
    for (int i = 0; i < 3000; ++i) {
      let += drive.call(true) ? '1' : '0';
      drive.wait(milliseconds(1));
    }
    return let;
  };
  EXPECT_EQ(trace(1), trace(1));
  EXPECT_NE(trace(1), trace(2)) << "callers do not probe in step";
}

}  // namespace
}  // namespace tidemark::guard
