// When the worker sleeps, and how a schedule that was changed still is one.
#include <gtest/gtest.h>

#include "engine/drive/load_clock.h"
#include "engine/drive/pacer.h"

namespace tidemark::drive {
namespace {

constexpr std::int64_t kMilli = 1'000'000, kSecond = 1'000'000'000;

TEST(LoadClock, IsTheRunsUntilSomebodyChangesIt) {
  LoadClock clock;
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, 30 * 24 * 3600 * kSecond}) {
    EXPECT_EQ(clock.to_run(at), at);
    EXPECT_EQ(clock.to_plan(at), at);
  }
}

TEST(LoadClock, StretchesTheRestOfTheSchedule) {
  LoadClock clock;
  clock.set_speed(10 * kSecond, 2);
  EXPECT_EQ(clock.to_run(9 * kSecond), 9 * kSecond) << "what was planned before stays where it was";
  EXPECT_EQ(clock.to_run(10 * kSecond), 10 * kSecond);
  EXPECT_EQ(clock.to_run(12 * kSecond), 11 * kSecond);
  EXPECT_EQ(clock.to_plan(11 * kSecond), 12 * kSecond);
  clock.set_speed(11 * kSecond, 0.5);
  EXPECT_EQ(clock.to_run(13 * kSecond), 13 * kSecond);
  EXPECT_EQ(clock.to_run(11 * kSecond), 10 * kSecond + kSecond / 2) << "the part in between keeps its own speed";
  EXPECT_EQ(clock.to_plan(13 * kSecond), 13 * kSecond);
}

TEST(LoadClock, APauseMovesEverythingByItsLength) {
  LoadClock clock;
  clock.set_speed(4 * kSecond, 0);
  EXPECT_EQ(clock.to_run(4 * kSecond), 4 * kSecond);
  EXPECT_EQ(clock.to_run(4 * kSecond + 1), LoadClock::kNever);
  EXPECT_EQ(clock.to_plan(9 * kSecond), 4 * kSecond);
  EXPECT_EQ(clock.to_run(3 * kSecond), 3 * kSecond);
  clock.set_speed(9 * kSecond, 1);
  EXPECT_EQ(clock.to_run(4 * kSecond + 1), 9 * kSecond + 1);
  EXPECT_EQ(clock.to_run(20 * kSecond), 25 * kSecond);
  EXPECT_EQ(clock.to_run(3 * kSecond), 3 * kSecond);
}

TEST(LoadClock, GoesThereAndBackAtAnySpeed) {
  LoadClock clock;
  std::int64_t at = 0;
  for (const double speed : {0.001, 3.0, 1000.0, 0.7, 1.0}) {
    clock.set_speed(at += kSecond, speed);
    for (const std::int64_t later : {std::int64_t{0}, 7 * kMilli, kSecond - 1}) {
      EXPECT_NEAR(static_cast<double>(clock.to_run(clock.to_plan(at + later))), static_cast<double>(at + later),
                  0.5 / speed + 1);
    }
  }
}

class PacerTest : public testing::Test {
 protected:
  Histogram floor_{3, Pacer::kHighestFloor};
};

TEST_F(PacerTest, SleepsToWhatIsDueLessTheSpin) {
  Pacer plain({.spin = {}, .probe = false});
  EXPECT_EQ(plain.sleep_until(100, 5 * kMilli), 5 * kMilli);
  Pacer spinning({.spin = std::chrono::microseconds(50), .probe = false});
  EXPECT_EQ(spinning.sleep_until(100, 5 * kMilli), 5 * kMilli - 50'000);
  EXPECT_LE(spinning.sleep_until(5 * kMilli - 10'000, 5 * kMilli), 5 * kMilli - 10'000) << "polls";
}

TEST_F(PacerTest, AProbeIsAWakeUpHalfWayToWhatIsDue) {
  Pacer pacer({.spin = {}, .probe = true});
  EXPECT_EQ(pacer.sleep_until(1000, 101'000), 51'000);
  ASSERT_TRUE(pacer.armed());
  pacer.woke(58'500, false, floor_);
  EXPECT_FALSE(pacer.armed());
  EXPECT_EQ(floor_.total(), 1u);
  EXPECT_NEAR(static_cast<double>(floor_.max()), 7500, 8);
  EXPECT_EQ(pacer.sleep_until(58'500, 101'000), 101'000) << "one in 5 ms";
  EXPECT_LT(pacer.sleep_until(6 * kMilli, 7 * kMilli), 7 * kMilli) << "and then another";
}

TEST_F(PacerTest, AWakeUpByAnAnswerSaysNothing) {
  Pacer pacer({.spin = {}, .probe = true});
  EXPECT_EQ(pacer.sleep_until(0, 100'000), 50'000);
  pacer.woke(30'000, true, floor_);
  EXPECT_TRUE(pacer.armed()) << "the probe's own instant is still ahead";
  EXPECT_EQ(pacer.sleep_until(31'000, 100'000), 50'000);
  pacer.woke(53'000, true, floor_);
  EXPECT_FALSE(pacer.armed());
  EXPECT_EQ(floor_.total(), 0u);
}

TEST_F(PacerTest, AProbeThatWasOvertakenIsForgotten) {
  Pacer pacer({.spin = {}, .probe = true});
  EXPECT_EQ(pacer.sleep_until(0, 100'000), 50'000);
  EXPECT_EQ(pacer.sleep_until(60'000, 100'000), 80'000) << "answers kept the thread busy past it: another";
  EXPECT_EQ(pacer.sleep_until(5 * kMilli, 5 * kMilli + 100'000), 5 * kMilli + 50'000);
  EXPECT_EQ(pacer.sleep_until(5 * kMilli + 1000, 5 * kMilli + 12'000), 5 * kMilli + 12'000)
      << "something nearer came up";
}

TEST_F(PacerTest, AimsBeforeWhatIsDueByWhatSleepsAreAlwaysLateBy) {
  Pacer pacer({.spin = {}, .probe = false});
  std::int64_t at = 0;
  const auto wake_late_by = [&](std::int64_t late) {
    const std::int64_t target = pacer.sleep_until(at, at + 100'000);
    EXPECT_EQ(target, at + 100'000 - pacer.lead());
    pacer.woke(target + late, false, floor_);
    at += 100'000;
  };
  for (int i = 0; i < Pacer::kFirstSleeps; ++i) {
    EXPECT_EQ(pacer.lead(), 0) << "nothing is known yet";
    wake_late_by(9'000 + 100 * i);
  }
  EXPECT_EQ(pacer.lead(), 9'000);
  for (int i = 0; i < 20'000; ++i)
    wake_late_by(i % 10 == 0 ? 5'000 : 12'000);  // a tenth at 5 us: the 5th percentile is there
  EXPECT_NEAR(static_cast<double>(pacer.lead()), 5'000, 400);
  for (int i = 0; i < 5'000; ++i) wake_late_by(90'000);
  EXPECT_EQ(pacer.lead(), Pacer::kMostLead);
}

TEST_F(PacerTest, LearnsNothingFromAnAnswerOrFromNotSleeping) {
  Pacer pacer({.spin = {}, .probe = false});
  for (int i = 0; i < 100; ++i) {
    pacer.sleep_until(0, 100'000);
    pacer.woke(150'000, true, floor_);
    pacer.sleep_until(100'000, 100'000);
    pacer.woke(150'000, false, floor_);
  }
  EXPECT_EQ(pacer.lead(), 0);
}

TEST_F(PacerTest, NoProbeWhereThereIsNoRoomToSleep) {
  Pacer pacer({.spin = {}, .probe = true});
  EXPECT_EQ(pacer.sleep_until(0, Pacer::kProbeRoom - 1), Pacer::kProbeRoom - 1);
  EXPECT_FALSE(pacer.armed());
}

}  // namespace
}  // namespace tidemark::drive
