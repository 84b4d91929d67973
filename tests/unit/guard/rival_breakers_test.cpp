// What each published rule does, written as the sources and the threads of their users have it.
#include <gtest/gtest.h>

#include "tests/unit/guard/breaker_driver.h"

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using State = Breaker::State;

BreakerSettings with(BreakerSettings::Rule rule) {
  return {.rule = std::move(rule)};
}

TEST(Hystrix, OpensAtTheNextSnapshotOnceTwentyCallsAreHalfFailures) {
  BreakerDriver drive("hystrix");
  EXPECT_EQ(drive.calls(times(10, '+') + times(9, '-'), milliseconds(10)), 19U);
  drive.wait(milliseconds(290));
  EXPECT_TRUE(drive.call(true)) << "the twentieth, at 480 ms: no snapshot yet";
  EXPECT_EQ(drive.state(), State::closed);
  drive.wait(milliseconds(30));
  EXPECT_FALSE(drive.call(false)) << "the snapshot at 500 ms has opened it";
  EXPECT_EQ(drive.trips(), 1U);
}

TEST(Hystrix, NineteenFailuresAreTooFew) {
  BreakerDriver drive("hystrix");
  EXPECT_EQ(drive.calls(times(19, '-'), milliseconds(1)), 19U);
  drive.wait(milliseconds(600));
  EXPECT_TRUE(drive.call(true));
  EXPECT_EQ(drive.trips(), 0U);
  drive.wait(milliseconds(500));
  EXPECT_FALSE(drive.call(true)) << "with the twentieth it opens";
}

TEST(Hystrix, FortyNinePercentIsCutOffBelowFifty) {
  BreakerDriver drive("hystrix");
  drive.calls(times(51, '+') + times(49, '-'), milliseconds(1));
  drive.wait(seconds(1));
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.trips(), 0U);
}

TEST(Hystrix, TenSecondsOldOutcomesAreForgotten) {
  BreakerDriver drive("hystrix");
  drive.calls(times(15, '-'), milliseconds(1));
  drive.wait(seconds(11));
  drive.calls(times(15, '-'), milliseconds(1));
  drive.wait(seconds(1));
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.trips(), 0U);
}

TEST(Hystrix, ADayOfSilenceChangesNothing) {
  BreakerDriver drive("hystrix");
  drive.calls(times(15, '-'), milliseconds(1));
  drive.wait(std::chrono::hours(24));
  drive.calls(times(30, '-'), milliseconds(1));
  drive.wait(seconds(1));
  EXPECT_FALSE(drive.call(false));
}

TEST(Hystrix, OneProbeDecidesAfterTheSleep) {
  BreakerDriver drive("hystrix");
  drive.calls(times(20, '-'), milliseconds(1));
  drive.wait(milliseconds(480));
  EXPECT_FALSE(drive.call(true));
  drive.wait(milliseconds(4990));
  EXPECT_FALSE(drive.call(true)) << "five seconds after the snapshot that opened it";
  drive.wait(milliseconds(20));
  const auto probe = drive.allow();
  ASSERT_TRUE(probe);
  EXPECT_FALSE(drive.allow()) << "one at a time";
  drive.finish(*probe, true);
  EXPECT_EQ(drive.trips(), 2U);
  drive.wait(milliseconds(5001));
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.state(), State::closed);
}

TEST(Hystrix, ALateSuccessFromBeforeClosesItWhileTheProbeIsOut) {
  BreakerDriver drive("hystrix");
  const auto old = drive.allow();
  drive.calls(times(20, '-'), milliseconds(1));
  drive.wait(milliseconds(5600));
  const auto probe = drive.allow();
  ASSERT_TRUE(old && probe);
  drive.finish(*old, false);
  EXPECT_EQ(drive.state(), State::closed) << "markSuccess asks only for HALF_OPEN";
}

TEST(Hystrix, ACallLongerThanItsTimeoutHasFailed) {
  BreakerDriver drive("hystrix");
  for (int i = 0; i < 20; ++i) drive.call(false, milliseconds(1001));
  drive.wait(milliseconds(600));
  EXPECT_FALSE(drive.call(false));
}

TEST(Resilience4j, CountWindowNeedsAHundredCalls) {
  BreakerDriver drive("resilience4j");
  EXPECT_EQ(drive.calls(times(99, '-'), milliseconds(1)), 99U) << "a total outage, and 99 calls are let into it";
  EXPECT_EQ(drive.state(), State::closed);
  drive.call(true);
  EXPECT_EQ(drive.state(), State::open);
}

TEST(Resilience4j, MayOpenOnASuccess) {  // resilience4j#1754
  BreakerDriver drive("resilience4j");
  drive.calls(times(50, '-') + times(49, '+'), milliseconds(1));
  EXPECT_EQ(drive.state(), State::closed);
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.state(), State::open) << "the hundredth call makes the window full: 50 % failed";
}

TEST(Resilience4j, FailuresAndSlowCallsShareOneMinimum) {  // resilience4j#1394
  BreakerDriver drive(with(Resilience4jSettings{.minimum = 5, .slow_percent = 100, .slow = milliseconds(100)}));
  for (int i = 0; i < 5; ++i) drive.call(false, milliseconds(101));
  EXPECT_EQ(drive.state(), State::open) << "five slow calls are enough where five failures are meant to be";
}

TEST(Resilience4j, DoesNotOpenWhileCallsHang) {  // resilience4j#1597
  BreakerDriver drive(with(Resilience4jSettings{.slow_percent = 1, .slow = milliseconds(100)}));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(drive.allow());
    drive.wait(milliseconds(10));
  }
  EXPECT_EQ(drive.state(), State::closed) << "ten seconds, a thousand calls of which none has ended";
}

TEST(Resilience4j, TimeWindowHoldsWholeSeconds) {
  BreakerDriver drive(with(Resilience4jSettings{.by = Resilience4jSettings::Window::time, .window = seconds(10)}));
  drive.calls(times(60, '-'), milliseconds(1));
  drive.wait(seconds(11));
  drive.calls(times(60, '-'), milliseconds(1));
  EXPECT_EQ(drive.state(), State::closed) << "the first sixty are out of the window";
  drive.calls(times(40, '-'), milliseconds(1));
  EXPECT_EQ(drive.state(), State::open);
}

TEST(Resilience4j, TenProbesAreJudgedByTheSameRule) {
  BreakerDriver drive("resilience4j");
  drive.calls(times(100, '-'), milliseconds(1));
  drive.wait(seconds(59));
  EXPECT_FALSE(drive.call(false));
  drive.wait(seconds(2));
  EXPECT_EQ(drive.calls("----+++++", milliseconds(1)), 9U);
  EXPECT_EQ(drive.state(), State::half_open) << "nine of ten";
  drive.call(false);
  EXPECT_EQ(drive.state(), State::closed) << "four of ten failed";
}

TEST(Resilience4j, HalfOpenLetsNoEleventhThroughAndWaitsForever) {  // resilience4j#2093
  BreakerDriver drive("resilience4j");
  drive.calls(times(100, '-'), milliseconds(1));
  drive.wait(seconds(61));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(drive.allow());
  EXPECT_FALSE(drive.allow());
  drive.wait(std::chrono::hours(1));
  EXPECT_FALSE(drive.allow()) << "probes that never end leave it stuck";
  drive.breaker().abandoned(drive.now(), {});
  EXPECT_TRUE(drive.allow()) << "a place given back is one";
}

TEST(Gobreaker, SixFailuresInARowOpenIt) {
  BreakerDriver drive("gobreaker");
  drive.calls("-----+-----", seconds(1));
  EXPECT_EQ(drive.state(), State::closed);
  drive.calls("-", Nanos{});
  EXPECT_EQ(drive.state(), State::open);
}

TEST(Gobreaker, CountersAreNeverClearedByDefault) {
  BreakerDriver drive("gobreaker");
  EXPECT_EQ(drive.calls("------", std::chrono::hours(10)), 6U);
  EXPECT_EQ(drive.trips(), 1U) << "six failures in fifty hours, and it opens";
  BreakerDriver clearing(with(GobreakerSettings{.interval = minutes(1)}));
  clearing.calls("------", std::chrono::hours(10));
  EXPECT_EQ(clearing.trips(), 0U);
}

TEST(Gobreaker, OneProbeAfterAMinute) {
  BreakerDriver drive("gobreaker");
  drive.calls("------", milliseconds(1));
  drive.wait(seconds(59));
  EXPECT_FALSE(drive.call(false));
  drive.wait(seconds(1));
  const auto probe = drive.allow();
  ASSERT_TRUE(probe);
  EXPECT_FALSE(drive.allow());
  drive.finish(*probe, false);
  EXPECT_EQ(drive.state(), State::closed);
}

TEST(Gobreaker, OutcomesOfAnEarlierGenerationAreDropped) {
  BreakerDriver drive("gobreaker");
  const auto old = drive.allow();
  drive.calls("------", milliseconds(1));
  drive.wait(seconds(61));
  const auto probe = drive.allow();
  ASSERT_TRUE(old && probe);
  drive.finish(*old, false);
  EXPECT_EQ(drive.state(), State::half_open);
  drive.finish(*probe, true);
  EXPECT_EQ(drive.trips(), 2U);
}

TEST(SentinelBreaker, ThreeOfFiveInOneSecondOpenIt) {
  BreakerDriver drive("sentinel");
  drive.calls("++--", milliseconds(10));
  EXPECT_EQ(drive.state(), State::closed);
  drive.call(true);
  EXPECT_EQ(drive.state(), State::open);
  drive.wait(milliseconds(9999));
  EXPECT_FALSE(drive.call(false));
  drive.wait(milliseconds(1));
  EXPECT_TRUE(drive.call(false));
  EXPECT_EQ(drive.state(), State::closed) << "one call decided";
}

TEST(SentinelBreaker, TheSecondIsTheClocksOwn) {
  BreakerDriver drive("sentinel");
  drive.wait(milliseconds(980));
  drive.calls("---", milliseconds(10));  // the third falls into the next second
  drive.calls("-", milliseconds(10));
  EXPECT_EQ(drive.state(), State::closed) << "two and two, never five";
}

TEST(SentinelBreaker, ExactlyTheThresholdIsNotAbove) {
  BreakerDriver drive("sentinel");
  drive.calls("+-+-+-+-", milliseconds(10));
  EXPECT_EQ(drive.state(), State::closed);
}

TEST(SentinelBreaker, ASlowShareOfOneOpensAtOne) {
  using Grade = SentinelBreakerSettings::Grade;
  BreakerDriver drive(
      with(SentinelBreakerSettings{.grade = Grade::slow_ratio, .threshold = 1, .slow = milliseconds(50)}));
  for (int i = 0; i < 5; ++i) drive.call(false, milliseconds(51));
  EXPECT_EQ(drive.state(), State::open);
}

TEST(SentinelBreaker, CountsExceptionsAboveTheNumber) {
  using Grade = SentinelBreakerSettings::Grade;
  BreakerDriver drive(with(SentinelBreakerSettings{.grade = Grade::exception_count, .threshold = 5}));
  drive.calls("-----", milliseconds(1));
  EXPECT_EQ(drive.state(), State::closed);
  drive.call(true);
  EXPECT_EQ(drive.state(), State::open);
}

TEST(Outlier, FiveInARowEjectForThirtySecondsTimesTheEjections) {
  BreakerDriver drive("outlier");
  drive.calls("----+-----", milliseconds(1));
  EXPECT_EQ(drive.state(), State::open);
  drive.wait(seconds(31));
  EXPECT_EQ(drive.state(), State::open) << "taken back by a sweep only, every 10 s: at 40 s";
  drive.wait(seconds(9));
  EXPECT_EQ(drive.state(), State::closed);
  drive.calls("-----", milliseconds(1));
  drive.wait(seconds(59));
  EXPECT_EQ(drive.state(), State::open) << "the second time for a minute";
  drive.wait(seconds(11));
  EXPECT_EQ(drive.state(), State::closed);
}

TEST(Outlier, EachSweepWithoutEjectionForgivesOne) {
  BreakerDriver drive("outlier");
  drive.calls("-----", milliseconds(1));
  drive.wait(seconds(41));
  EXPECT_TRUE(drive.call(false));
  drive.wait(seconds(11));
  EXPECT_TRUE(drive.call(false));
  drive.calls("-----", milliseconds(1));
  drive.wait(seconds(41));
  EXPECT_EQ(drive.state(), State::closed) << "30 s again, not 60";
}

}  // namespace
}  // namespace tidemark::guard
