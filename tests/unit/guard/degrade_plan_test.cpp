#include "engine/guard/degrade_plan.h"

#include <gtest/gtest.h>

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

DegradePlan shop_plan() {
  const auto step = [](const char* name) {
    return DegradeStep{
        .name = name, .signal = "queued_ms", .on = 50, .off = 10, .after = seconds(2), .back = seconds(5)};
  };
  return DegradePlan({.steps = {step("recommendations"), step("comments"), step("images")}});
}

// Which steps are on, second by second, with one reading each.
std::string states(DegradePlan& plan, Instant& now, double queued_ms, int seconds_long) {
  std::string text;
  for (int i = 0; i < seconds_long; ++i) {
    plan.update(now, {{"queued_ms", queued_ms}});
    int on = 0;
    for (std::size_t k = 0; k < plan.size(); ++k) {
      if (plan.taken(k)) ++on;
      if (k > 0) {
        EXPECT_LE(plan.taken(k), plan.taken(k - 1)) << "in order";
      }
    }
    text += static_cast<char>('0' + on);
    now += seconds(1);
  }
  return text;
}

TEST(DegradePlan, TakesItsStepsInOrderAndUndoesThemFromTheLast) {
  DegradePlan plan = shop_plan();
  Instant now(std::chrono::hours(1));
  EXPECT_EQ(states(plan, now, 5, 3), "000");
  EXPECT_EQ(states(plan, now, 80, 12), "001112223333") << "two seconds each, the next one's from the reading after";
  EXPECT_EQ(states(plan, now, 30, 20), std::string(20, '3')) << "between the levels nothing changes";
  EXPECT_EQ(states(plan, now, 5, 12), "333332100000") << "five seconds, then one at each reading: all have been low";
}

TEST(DegradePlan, AShortPeakTakesNoStepAndAShortLullUndoesNone) {
  DegradePlan plan = shop_plan();
  Instant now(std::chrono::hours(1));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(states(plan, now, 80, 2), "00");
    EXPECT_EQ(states(plan, now, 30, 1), "0");
  }
  states(plan, now, 80, 3);
  ASSERT_TRUE(plan.taken("recommendations"));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(states(plan, now, 5, 4), "1111");
    EXPECT_EQ(states(plan, now, 30, 1), "1");
  }
}

TEST(DegradePlan, AMissingSignalChangesNothing) {
  DegradePlan plan = shop_plan();
  Instant now(std::chrono::hours(1));
  states(plan, now, 80, 3);
  for (int i = 0; i < 100; ++i, now += seconds(1)) EXPECT_TRUE(plan.update(now, {}).empty());
  EXPECT_TRUE(plan.taken("recommendations"));
  EXPECT_FALSE(plan.taken("comments"));
}

TEST(DegradePlan, EachStepMayWatchASignalOfItsOwn) {
  DegradePlan plan({.steps = {{.name = "a", .signal = "busy", .on = 0.9, .off = 0.7, .after = {}, .back = {}},
                              {.name = "b", .signal = "refused", .on = 0.1, .off = 0, .after = {}, .back = {}}}});
  const Instant now(std::chrono::hours(1));
  EXPECT_TRUE(plan.update(now, {{"busy", 0.5}, {"refused", 0.5}}).empty()) << "b waits for a: the plan is ordered";
  const auto first = plan.update(now, {{"busy", 0.95}, {"refused", 0.5}});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].step, 0U);
  EXPECT_TRUE(first[0].taken);
  ASSERT_EQ(plan.update(now, {{"busy", 0.95}, {"refused", 0.5}}).size(), 1U);
  EXPECT_TRUE(plan.taken("b"));
  EXPECT_TRUE(plan.update(now, {{"busy", 0.1}, {"refused", 0.5}}).empty()) << "a comes back after b only";
  EXPECT_EQ(plan.update(now, {{"busy", 0.1}, {"refused", 0}}).size(), 1U);
  EXPECT_FALSE(plan.taken("b"));
  EXPECT_TRUE(plan.taken("a"));
}

TEST(DegradePlan, APersonMayHoldAStep) {
  using Hold = DegradePlan::Hold;
  DegradePlan plan = shop_plan();
  Instant now(std::chrono::hours(1));
  EXPECT_FALSE(plan.hold("colours", Hold::on));
  EXPECT_TRUE(plan.hold("images", Hold::on));
  const auto held = plan.update(now, {{"queued_ms", 0}});
  ASSERT_EQ(held.size(), 1U);
  EXPECT_TRUE(held[0].taken);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(plan.update(now += seconds(1), {{"queued_ms", 0}}).empty());
  EXPECT_TRUE(plan.taken("images")) << "calm does not undo what is held";
  plan.hold("recommendations", Hold::off);
  plan.hold("images", Hold::automatic);
  for (int i = 0; i < 10; ++i) plan.update(now += seconds(1), {{"queued_ms", 80}});
  EXPECT_FALSE(plan.taken("recommendations")) << "held off";
  EXPECT_TRUE(plan.taken("comments")) << "and passed over";
}

}  // namespace
}  // namespace tidemark::guard
