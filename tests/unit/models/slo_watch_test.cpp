// One probe watched second by second, and the shares it is judged by.
#include "models/search/slo_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::search {
namespace {

using testing::HasSubstr;

struct Second {
  std::uint64_t ok = 100, slow = 0, failed = 0, in_flight = 1;
};

Progress progress_of(int number, const Second& second) {
  StepProgress step{.step = "get",
                    .second = {.started = second.ok + second.failed,
                               .ok = second.ok,
                               .failed = second.failed,
                               .timed_out = 0,
                               .in_flight = second.in_flight}};
  step.slow = second.slow;
  Progress progress{.t_s = number + 1.0, .length_s = 1};
  progress.steps = {step};
  progress.total = step;
  progress.total.step = "";
  progress.flows_second.planned = 100;
  return progress;
}

constexpr capacity::Slo kSlo{.quantile = 0.99, .limit_us = 86'000};

SloWatch watch(double settle_s = 0, double measure_s = 10, double longest_s = 20) {
  return SloWatch(kSlo, {.number = 1,
                         .purpose = "narrow",
                         .rate = 100,
                         .settle_s = settle_s,
                         .measure_s = measure_s,
                         .longest_s = longest_s});
}

TEST(SloWatch, MostRequestsSlowInOneSecondIsABreachAtItsEnd) {
  auto probe = watch();
  EXPECT_EQ(probe.second(progress_of(0, {})), "");
  EXPECT_THAT(probe.second(progress_of(1, {.ok = 100, .slow = 60})),
              HasSubstr("breach: 60 % of get slower than 86 ms"));
  EXPECT_EQ(probe.outcome().verdict, "missed");
  EXPECT_EQ(probe.outcome().lasted_s, 2);
}

TEST(SloWatch, AFifthSlowIsABreachWhenItLastsTwoSeconds) {
  auto probe = watch();
  EXPECT_EQ(probe.second(progress_of(0, {.ok = 100, .slow = 25})), "");
  EXPECT_EQ(probe.second(progress_of(1, {.ok = 100, .slow = 2})), "");  // a burst that passed
  EXPECT_EQ(probe.second(progress_of(2, {.ok = 100, .slow = 25})), "");
  EXPECT_THAT(probe.second(progress_of(3, {.ok = 100, .slow = 25})), HasSubstr("breach"));
}

TEST(SloWatch, AServerThatAnswersNothingIsABreachToo) {
  auto probe = watch();
  Progress stalled = progress_of(0, {.ok = 0, .slow = 0, .failed = 0, .in_flight = 100});
  stalled.steps[0].second.started = 100;
  EXPECT_THAT(probe.second(stalled), HasSubstr("breach"));
  EXPECT_GT(probe.outcome().steps.at("get").share(), 0.5);
}

TEST(SloWatch, RequestsUnderWayForLessThanTheLimitAreNoBreach) {
  auto probe = watch();
  EXPECT_EQ(probe.second(progress_of(0, {.ok = 100, .slow = 0, .failed = 0, .in_flight = 12})), "");
}

TEST(SloWatch, FailedRequestsBreakTheSloHoweverFastTheyFailed) {
  auto probe = watch();
  EXPECT_THAT(probe.second(progress_of(0, {.ok = 30, .slow = 0, .failed = 70})), HasSubstr("breach"));
}

TEST(SloWatch, FlowsThatWaitForAConnectionAreOverdue) {
  auto probe = watch();
  Progress progress = progress_of(0, {});
  progress.waiting = 1000;
  EXPECT_THAT(probe.second(progress), HasSubstr("breach"));
}

TEST(SloWatch, AFewSlowRequestsAtALowRateAreNoBreach) {
  auto probe = watch();
  EXPECT_EQ(probe.second(progress_of(0, {.ok = 3, .slow = 2})), "");
}

TEST(SloWatch, TheSettlingSecondsAreNotMeasured) {
  auto probe = watch(2, 3, 3);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(probe.second(progress_of(i, {.ok = 100, .slow = i < 2 ? 15U : 0U})), "");
  EXPECT_EQ(probe.outcome().measured_s, 3);
  EXPECT_EQ(probe.outcome().steps.at("get").n, 300);
  EXPECT_EQ(probe.outcome().steps.at("get").slow, 0);
  EXPECT_EQ(probe.outcome().rate, 100);
}

TEST(SloWatch, AnUndecidedProbeIsExtendedAndADecidedOneEnds) {
  auto undecided = watch(0, 10, 60);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(undecided.second(progress_of(i, {.ok = 100, .slow = 1})), "");
  EXPECT_EQ(undecided.outcome().verdict, "undecided");
  auto missed = watch(0, 10, 60);
  std::string ended;
  int seconds = 0;
  for (; seconds < 60 && ended.empty(); ++seconds) ended = missed.second(progress_of(seconds, {.ok = 100, .slow = 8}));
  EXPECT_EQ(ended, "decided: missed");
  EXPECT_GE(seconds, 10);
  auto held = watch(0, 10, 120);
  ended.clear();
  for (seconds = 0; seconds < 120 && ended.empty(); ++seconds) ended = held.second(progress_of(seconds, {}));
  EXPECT_EQ(ended, "decided: held");
}

TEST(SlowShare, BurstsWidenTheInterval) {
  std::vector<SlowSecond> steady(40, {.n = 100, .slow = 2}), bursts(40, {.n = 100, .slow = 0});
  for (std::size_t i = 0; i < 4; ++i) bursts[10 + i].slow = 20;
  const SlowShare even = slow_share(steady, 1.96), burst = slow_share(bursts, 1.96);
  EXPECT_EQ(even.share(), burst.share());
  EXPECT_GT(burst.inflation, 10);
  EXPECT_LT(even.inflation, 3);
  EXPECT_GT(burst.high - burst.low, 1.5 * (even.high - even.low));
  EXPECT_EQ(verdict_on(even, 0.01), "missed");
  EXPECT_EQ(verdict_on(burst, 0.01), "undecided");
}

TEST(SlowShare, AStepWithTooFewRequestsIsJudgedByItsShare) {
  EXPECT_EQ(verdict_on(slow_share(std::vector<SlowSecond>(5, {.n = 10, .slow = 0}), 1.96), 0.01), "held");
  EXPECT_EQ(verdict_on(slow_share(std::vector<SlowSecond>(5, {.n = 100, .slow = 1}), 1.96), 0.01), "undecided");
}

}  // namespace
}  // namespace tidemark::search
