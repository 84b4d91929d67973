#include "models/twin/autoscaler.h"

#include <gtest/gtest.h>

#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

using std::chrono::seconds;

TEST(Hpa, Vectors) {
  EXPECT_EQ(hpa_desired(10, 0, 0.9, 0.6), 15U);
  EXPECT_EQ(hpa_desired(10, 0, 0.65, 0.6), 10U) << "within the tolerance of 0.1";
  EXPECT_EQ(hpa_desired(10, 0, 0.67, 0.6), 12U);
  EXPECT_EQ(hpa_desired(10, 0, 0.3, 0.6), 5U);
  EXPECT_EQ(hpa_desired(3, 0, 0.7, 0.7), 3U);
  EXPECT_EQ(hpa_desired(10, 5, 0.9, 0.6), 15U) << "15 nodes at 0.6: enough are on their way";
  EXPECT_EQ(hpa_desired(10, 5, 1.2, 0.6), 20U);
  EXPECT_EQ(hpa_desired(10, 20, 0.9, 0.6), 30U) << "the starting ones as idle turn it round: nothing";
}

TEST(Hpa, FromTenToThreeHundredTakesFiveSteps) {
  AutoscalerState scaler({.rule = Autoscaler::Rule::hpa, .max_nodes = 1000, .target = 0.5});
  std::uint32_t nodes = 10;
  int steps = 0;
  for (; nodes < 300; ++steps) {
    nodes = scaler.desired({.now = seconds(15 * steps), .ready = nodes, .busy_share = 0.5 * 300 / nodes});
    ASSERT_LT(steps, 10);
  }
  EXPECT_EQ(steps, 5) << "75 s";
  EXPECT_EQ(hpa_most_up(1), 5U);
  EXPECT_EQ(hpa_most_up(10), 20U);
}

TEST(Hpa, GoesDownOnlyAfterFiveMinutesOfWantingToo) {
  AutoscalerState scaler({.rule = Autoscaler::Rule::hpa, .max_nodes = 100, .target = 0.5});
  EXPECT_EQ(scaler.desired({.now = seconds(0), .ready = 10, .busy_share = 0.5}), 10U);
  int t = 15;
  while (scaler.desired({.now = seconds(t), .ready = 10, .busy_share = 0.1}) == 10U) t += 15;
  EXPECT_EQ(t, 300);
}

TEST(ExternalAverage, Vectors) {
  EXPECT_EQ(external_desired(3, 1000, 200), 5U);
  EXPECT_EQ(external_desired(5, 1050, 200), 5U) << "within the tolerance";
  EXPECT_EQ(external_desired(5, 1200, 200), 6U);
  EXPECT_EQ(external_desired(0, 10, 200), 1U);
}

TEST(Kpa, FollowsTheStableWindowWhileCalm) {
  AutoscalerState scaler({.rule = Autoscaler::Rule::kpa, .max_nodes = 1000, .target = 70});
  std::uint32_t wanted = 0;
  for (int t = 0; t <= 60; t += 2) wanted = scaler.desired({.now = seconds(t), .ready = 10, .concurrency = 770});
  EXPECT_EQ(wanted, 11U);
  EXPECT_FALSE(scaler.panics());
  for (int t = 62; t <= 130; t += 2) wanted = scaler.desired({.now = seconds(t), .ready = 11, .concurrency = 10});
  EXPECT_EQ(wanted, 5U) << "no lower than half of what is ready";
}

TEST(Kpa, PanicsAtTwiceTheTargetAndNeverGoesDownInIt) {
  AutoscalerState scaler({.rule = Autoscaler::Rule::kpa, .max_nodes = 1000, .target = 70});
  int t = 0;
  for (; t < 60; t += 2) scaler.desired({.now = seconds(t), .ready = 10, .concurrency = 700});
  std::uint32_t wanted = 0;
  for (int i = 0; i < 3; ++i, t += 2) wanted = scaler.desired({.now = seconds(t), .ready = 10, .concurrency = 2100});
  EXPECT_TRUE(scaler.panics());
  EXPECT_EQ(wanted, 30U) << "by the window of 6 s, while that of 60 s still says 13";
  const int calm = t;
  while (scaler.panics()) {
    EXPECT_GE(scaler.desired({.now = seconds(t), .ready = 30, .concurrency = 70}), scaler.panics() ? 30U : 1U);
    t += 2;
    ASSERT_LT(t, calm + 200);
  }
  EXPECT_GE(t - calm, 60) << "leaves it after 60 s without a reason";
}

TEST(Autoscaler, NewNodesAnswerAfterTheirStartUp) {
  System system = single(exponential(0.01), 4);
  system.services[0].nodes = 2;
  system.services[0].autoscaler =
      Autoscaler{.max_nodes = 20, .target = 0.6, .tick = seconds(15), .start_up = seconds(20)};
  auto simulation = Simulation::create(system, {}).value();
  const auto arrivals = arrivals_for(system, {{400, seconds(60)}, {3000, seconds(240)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(60));
  EXPECT_EQ(simulation->fleet("a"), 2U);
  simulation->run_until(seconds(79));
  EXPECT_EQ(simulation->fleet("a"), 2U) << "decided at 75 s, started at 95 s";
  simulation->run_until(seconds(96));
  EXPECT_GT(simulation->fleet("a"), 2U);
  simulation->run_until(seconds(299));
  // 30 busy workers at a busy share of 0.6 are 12.5 nodes; the backlog of the start asks for some more, and none goes
  // before five minutes have passed.
  EXPECT_GE(simulation->fleet("a"), 13U);
  EXPECT_LE(simulation->fleet("a"), 17U);
}

}  // namespace
}  // namespace tidemark::twin
