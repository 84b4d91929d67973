// Worked values of each published rule, one test a vector.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "engine/guard/adaptive_window_limiter.h"
#include "engine/guard/aimd_rule.h"
#include "engine/guard/dagor_limiter.h"
#include "engine/guard/envoy_gradient_limiter.h"
#include "engine/guard/gradient2_rule.h"
#include "engine/guard/gradient_rule.h"
#include "engine/guard/leaky_queue_limiter.h"
#include "engine/guard/sentinel_system_limiter.h"
#include "engine/guard/sliding_window_limiter.h"
#include "engine/guard/vegas_rule.h"
#include "engine/guard/warm_up_limiter.h"
#include "engine/guard/windowed_rule.h"

namespace tidemark::guard {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(Nanos offset) {
  return Instant(std::chrono::hours(100)) + offset;
}

RttSample sample(Nanos rtt, std::uint32_t in_flight, bool dropped = false, Nanos now = {}) {
  return {.now = at(now), .rtt = rtt, .in_flight = in_flight, .dropped = dropped};
}

bool admits(Limiter& limiter, Nanos now, Ask ask = {}) {
  return limiter.admit(at(now), ask).verdict == Admission::Verdict::admitted;
}

int admitted_of(Limiter& limiter, Nanos now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += admits(limiter, now);
  return count;
}

TEST(VegasVectors, ADoubledTimeTakesOneOffTwenty) {
  VegasRule rule({}, 1);
  rule.update(sample(milliseconds(10), 20));
  EXPECT_EQ(rule.rtt0(), milliseconds(10));
  EXPECT_EQ(rule.limit(), 20) << "the first sample is the floor and leaves the limit";
  rule.update(sample(milliseconds(20), 20));
  EXPECT_EQ(rule.limit(), 19) << "queue 10 > beta 6";
}

TEST(VegasVectors, TwoPercentMoreTimeAddsBetaToTwenty) {
  VegasRule rule({}, 1);
  rule.update(sample(milliseconds(10), 20));
  rule.update(sample(microseconds(10200), 20));
  EXPECT_EQ(rule.limit(), 26) << "queue ceil(0.39) = 1 <= threshold 1";
}

TEST(VegasVectors, EachZoneOfTheQueueHasItsStep) {
  const struct {
    std::int64_t rtt_us;
    std::uint32_t in_flight;
    bool dropped;
    double limit;
    const char* why;
  } cases[] = {
      {11000, 20, false, 21, "queue 2: below alpha 3"},  {12500, 20, false, 20, "queue 4: between alpha and beta"},
      {14285, 20, false, 20, "queue 6: not above beta"}, {15000, 20, false, 19, "queue 7"},
      {11000, 9, false, 20, "less than half in use"},    {11000, 9, true, 19, "a drop, whatever is in use"},
  };
  for (const auto& c : cases) {
    VegasRule rule({}, 1);
    rule.update(sample(milliseconds(10), 20));
    rule.update(sample(microseconds(c.rtt_us), c.in_flight, c.dropped));
    EXPECT_EQ(rule.limit(), c.limit) << c.why;
  }
}

TEST(VegasVectors, StepsGrowWithTheLogarithmOfTheLimit) {
  VegasRule rule({.initial = 100}, 1);
  rule.update(sample(milliseconds(10), 100));
  rule.update(sample(milliseconds(20), 100));
  EXPECT_EQ(rule.limit(), 98) << "L(100) = 2";
  rule.update(sample(milliseconds(20), 100));
  EXPECT_EQ(rule.limit(), 97) << "L(98) = 1";
}

TEST(VegasVectors, TheFloorIsTakenAnewWithinThirtySamplesPerRequest) {
  VegasRule rule({}, 7);
  rule.update(sample(milliseconds(10), 1));
  int samples = 1;
  while (rule.rtt0() == milliseconds(10) && samples < 1000) {
    rule.update(sample(milliseconds(50), 1));
    ++samples;
  }
  EXPECT_EQ(rule.rtt0(), milliseconds(50));
  EXPECT_GE(samples, 300) << "U(0.5, 1) x 30 x 20";
  EXPECT_LE(samples, 600);
}

TEST(VegasVectors, StaysWithinOneAndMax) {
  VegasRule down({.initial = 1}, 1);
  down.update(sample(milliseconds(1), 1));
  for (int i = 0; i < 10; ++i) down.update(sample(milliseconds(9), 1, true));
  EXPECT_EQ(down.limit(), 1);
  VegasRule up({.initial = 998}, 1);
  up.update(sample(milliseconds(1), 998));
  up.update(sample(milliseconds(1), 998));
  EXPECT_EQ(up.limit(), 1000);
}

TEST(Gradient2Vectors, TwiceTheLongTimeTakesAHundredToNinetyFivePointEight) {
  EXPECT_DOUBLE_EQ(Gradient2Rule::step({}, 100, 10, 20), 95.8);
}

TEST(Gradient2Vectors, TheStepIsClampedOnBothSides) {
  EXPECT_DOUBLE_EQ(Gradient2Rule::step({}, 100, 10, 1000), 0.8 * 100 + 0.2 * (50 + 4)) << "g >= 0.5";
  EXPECT_DOUBLE_EQ(Gradient2Rule::step({}, 100, 10, 10), 0.8 * 100 + 0.2 * 104) << "g <= 1";
  EXPECT_EQ(Gradient2Rule::step({}, 20, 1, 1000), 20) << "min";
  EXPECT_EQ(Gradient2Rule::step({}, 200, 10, 10), 200) << "max";
}

TEST(Gradient2Vectors, TheLongTimeIsAMeanOfTenAndThenDecays) {
  Gradient2Rule rule({});
  for (int i = 1; i <= 10; ++i) rule.update(sample(milliseconds(i), 1));
  EXPECT_NEAR(rule.long_rtt_s(), 0.0055, 1e-12);
  rule.update(sample(milliseconds(5), 1));
  EXPECT_NEAR(rule.long_rtt_s(), 0.0055 + 2.0 / 601 * (0.005 - 0.0055), 1e-12);
}

TEST(Gradient2Vectors, ALongTimeAboveTwiceTheShortDecaysByFivePercent) {
  Gradient2Rule rule({});
  for (int i = 0; i < 10; ++i) rule.update(sample(milliseconds(10), 1));
  rule.update(sample(milliseconds(1), 1));
  EXPECT_NEAR(rule.long_rtt_s(), 0.95 * (0.010 + 2.0 / 601 * (0.001 - 0.010)), 1e-12);
}

TEST(Gradient2Vectors, BelowHalfUseAndOnDropsTheLimitStaysOrGoesByTimeAlone) {
  Gradient2Rule rule({});
  rule.update(sample(milliseconds(10), 9));
  EXPECT_EQ(rule.limit(), 20);
  rule.update(sample(milliseconds(10), 20, true));
  EXPECT_NEAR(rule.limit(), 0.8 * 20 + 0.2 * 24, 1e-9) << "a drop is a sample like any other";
}

TEST(AimdVectors, AddsOneOrCutsToNineTenths) {
  AimdRule rule({.initial = 100});
  rule.update(sample(milliseconds(10), 50));
  EXPECT_EQ(rule.limit(), 101);
  rule.update(sample(milliseconds(10), 50));
  EXPECT_EQ(rule.limit(), 101) << "less than half in use";
  rule.update(sample(milliseconds(10), 90, true));
  EXPECT_EQ(rule.limit(), 90) << "floor(101 x 0.9)";
  rule.update(sample(milliseconds(5001), 90));
  EXPECT_EQ(rule.limit(), 81) << "slower than the time-out";
  for (int i = 0; i < 40; ++i) rule.update(sample(milliseconds(10), 90, true));
  EXPECT_EQ(rule.limit(), 20) << "min";
  for (int i = 0; i < 400; ++i) rule.update(sample(milliseconds(10), 200));
  EXPECT_EQ(rule.limit(), 200) << "max";
}

TEST(GradientVectors, FallsSmoothlyAndRisesAtOnce) {
  GradientRule rule({.initial = 100}, 1);
  rule.update(sample(milliseconds(10), 100));
  EXPECT_DOUBLE_EQ(rule.limit(), 110) << "g = 1, queue 10";
  rule.update(sample(milliseconds(40), 110));
  EXPECT_DOUBLE_EQ(rule.limit(), 0.8 * 110 + 0.2 * (55 + 10)) << "g = 2 x 10 / 40 = 0.5, queue floor(sqrt(110))";
  rule.update(sample(milliseconds(40), 20));
  EXPECT_DOUBLE_EQ(rule.limit(), 101) << "less than half in use";
  rule.update(sample(milliseconds(40), 20, true));
  EXPECT_DOUBLE_EQ(rule.limit(), 0.8 * 101 + 0.2 * 90.9);
}

TEST(GradientVectors, AProbeDropsTheLimitToItsQueue) {
  GradientRule rule({.initial = 400, .probe = 10}, 1);
  int samples = 0;
  while (rule.limit() > 50 && samples < 100) {
    rule.update(sample(milliseconds(10), 1));
    ++samples;
  }
  EXPECT_EQ(rule.limit(), 20) << "floor(sqrt(400))";
  EXPECT_GT(samples, 10);
  EXPECT_LE(samples, 20);
}

class Recorded final : public ConcurrencyRule {
 public:
  explicit Recorded(std::vector<RttSample>& seen) : seen_(seen) {}
  void update(const RttSample& s) override { seen_.push_back(s); }
  double limit() const override { return 1; }

 private:
  std::vector<RttSample>& seen_;
};

TEST(WindowedVectors, OneMeanAWindowOfAtLeastTenSamples) {
  std::vector<RttSample> seen;
  WindowedRule rule(seconds(1), std::make_unique<Recorded>(seen));
  rule.update(sample(milliseconds(5), 3, false, milliseconds(0)));
  EXPECT_TRUE(seen.empty()) << "the first sample ends an empty window of one sample: too few";
  for (int i = 1; i <= 10; ++i)
    rule.update(sample(milliseconds(i), static_cast<std::uint32_t>(i), i == 4, milliseconds(i)));
  rule.update(sample(microseconds(99), 50, true, milliseconds(20)));
  EXPECT_TRUE(seen.empty());
  rule.update(sample(milliseconds(17), 4, false, milliseconds(1001)));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_NEAR(to_seconds(seen[0].rtt), 0.072 / 11, 1e-9);
  EXPECT_EQ(seen[0].in_flight, 10U) << "the most, and what took less than 100 us did not count";
  EXPECT_TRUE(seen[0].dropped);
}

TEST(EnvoyVectors, AQuarterSlowerTakesTenToThirteen) {
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 10, 20, 25), 13U) << "g = 1, and sqrt(10) of headroom";
}

TEST(EnvoyVectors, TwoAndAHalfTimesSlowerTakesTenToSeven) {
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 10, 20, 50), 7U);
}

TEST(EnvoyVectors, TheGradientAndTheLimitAreClamped) {
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 100, 20, 1), 214U) << "g <= 2";
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 100, 20, 1000), 57U) << "g >= 0.5";
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 3, 20, 1000), 3U);
  EXPECT_EQ(EnvoyGradientLimiter::step({}, 1000, 20, 20), 1000U);
}

TEST(EnvoyVectors, TheLimitIsPinnedUntilFiftyAnswersOfTheWindowAreIn) {
  EnvoyGradientLimiter limiter({}, 1);
  EXPECT_EQ(admitted_of(limiter, Nanos{}, 10), 3) << "min_concurrency";
  for (int i = 0; i < 49; ++i) {
    limiter.finished(at(milliseconds(i)), {.latency = milliseconds(i)});
    EXPECT_TRUE(admits(limiter, milliseconds(i)));
    EXPECT_TRUE(limiter.measuring_min_rtt());
  }
  limiter.finished(at(milliseconds(60)), {.latency = milliseconds(61)});
  EXPECT_TRUE(limiter.measuring_min_rtt()) << "began before the window";
  EXPECT_TRUE(admits(limiter, milliseconds(60)));
  limiter.finished(at(milliseconds(70)), {.latency = milliseconds(40)});
  EXPECT_FALSE(limiter.measuring_min_rtt());
  EXPECT_NEAR(limiter.min_rtt_s(), 0.025, 1e-9) << "the median";
}

TEST(SentinelWarmUpVectors, TenASecondOverTenSeconds) {
  WarmUpLimiter limiter({.rate_rps = 10, .period = seconds(10)});
  EXPECT_EQ(limiter.warning_tokens(), 50);
  EXPECT_EQ(limiter.max_tokens(), 100);
  EXPECT_DOUBLE_EQ(limiter.slope(), 0.004);
  EXPECT_EQ(admitted_of(limiter, Nanos{}, 10), 3);
  EXPECT_NEAR(limiter.limit(), 3.333, 0.001) << "cold";
}

TEST(SentinelWarmUpVectors, ReachesItsRateAfterThePeriodAndCoolsWhenIdle) {
  WarmUpLimiter limiter({.rate_rps = 100, .period = seconds(10)});
  int last_second = 0;
  for (int tenth = 0; tenth < 200; ++tenth) {
    const int admitted = admitted_of(limiter, milliseconds(100 * tenth), 20);
    if (tenth >= 190) last_second += admitted;
  }
  EXPECT_NEAR(last_second, 100, 5);
  EXPECT_LE(limiter.tokens(), limiter.warning_tokens());
  admits(limiter, seconds(60));
  EXPECT_EQ(limiter.tokens(), limiter.max_tokens());
}

TEST(SentinelWarmUpVectors, ExactlyAtWarningNothingIsAdded) {
  WarmUpLimiter limiter({.rate_rps = 10, .period = seconds(10)});
  // 100 tokens; 14 seconds of 3 and two of 4 lead to the mark exactly, since 3 a second is not idle.
  for (int second = 0; second < 16; ++second) {
    const int passes = second < 14 ? 3 : 4;
    EXPECT_EQ(admitted_of(limiter, seconds(second), passes), passes) << second;
  }
  admits(limiter, seconds(16));
  EXPECT_EQ(limiter.tokens(), 50);
  limiter.admit(at(seconds(30)), {});
  EXPECT_EQ(limiter.tokens(), 50) << "idle for 13 seconds, but neither below nor above";
}

TEST(SentinelRateLimiterVectors, StartsAreSpacedAndTheQueueIsHalfASecond) {
  LeakyQueueLimiter limiter({.rate_rps = 10});
  for (int i = 0; i <= 5; ++i) {
    const Admission admission = limiter.admit(at(Nanos{}), {});
    ASSERT_EQ(admission.verdict, Admission::Verdict::admitted) << i;
    EXPECT_EQ(admission.start, at(milliseconds(100 * i)));
  }
  EXPECT_FALSE(admits(limiter, Nanos{})) << "600 ms is more than 500";
  EXPECT_TRUE(admits(limiter, milliseconds(100)));
  EXPECT_EQ(limiter.admit(at(seconds(9)), {}).start, at(seconds(9))) << "idle time is not saved";
}

TEST(SentinelRateLimiterVectors, TheDistanceIsInNanosecondsWhereMillisecondsAreNotExact) {
  LeakyQueueLimiter limiter({.rate_rps = 3000});
  limiter.admit(at(Nanos{}), {});
  EXPECT_EQ(limiter.admit(at(Nanos{}), {}).start, at(Nanos(333333)));
}

TEST(SentinelSystemVectors, RefusesAboveTheBestBucketTimesTheSmallestTime) {
  SentinelSystemLimiter limiter({});
  // 40 answers of 50 ms in one bucket of 500 ms: 80 a second x 0.05 s = 4 in flight.
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(admits(limiter, milliseconds(1)));
    limiter.finished(at(milliseconds(1)), {.latency = milliseconds(50 + i)});
  }
  EXPECT_EQ(limiter.max_success_rps(at(milliseconds(2))), 80);
  EXPECT_EQ(limiter.min_rt_s(at(milliseconds(2))), 0.05);
  EXPECT_EQ(admitted_of(limiter, milliseconds(2), 20), 5) << "the fifth is let in while four are not more than four";
}

TEST(SentinelSystemVectors, TheFirstGuessIsFiveSecondsAndTheFloorOneMillisecond) {
  SentinelSystemLimiter limiter({});
  EXPECT_EQ(limiter.min_rt_s(at(Nanos{})), 5);
  EXPECT_TRUE(admits(limiter, Nanos{}));
  limiter.finished(at(Nanos{}), {.latency = microseconds(10)});
  EXPECT_EQ(limiter.min_rt_s(at(Nanos{})), 0.001);
}

TEST(SentinelSystemVectors, WithoutALoadGivenItIsTheNodesOwnAverage) {
  SentinelSystemLimiter limiter({.load = 5, .load_over = seconds(1)});
  EXPECT_EQ(admitted_of(limiter, milliseconds(1), 10), 10) << "an average takes time";
  EXPECT_TRUE(admits(limiter, milliseconds(600))) << "10 (1 - e^-0.6) = 4.5";
  limiter.finished(at(milliseconds(600)), {.latency = milliseconds(600)});
  EXPECT_FALSE(admits(limiter, milliseconds(800))) << "10 (1 - e^-0.8) = 5.5, and 10 > 2 x 0.6";
}

TEST(SentinelSystemVectors, BelowTheLoadNothingIsTested) {
  double load = 1;
  SentinelSystemLimiter limiter({.load = 2}, [&load](Instant) { return load; });
  EXPECT_EQ(admitted_of(limiter, Nanos{}, 100), 100);
  load = 3;
  EXPECT_EQ(admitted_of(limiter, Nanos{}, 100), 0);
}

TEST(SentinelSystemVectors, AbsoluteLimitsHoldBesideIt) {
  SentinelSystemLimiter rate({.load = 1e6, .max_rps = 7}, [](Instant) { return 0.0; });
  EXPECT_EQ(admitted_of(rate, Nanos{}, 100), 7);
  SentinelSystemLimiter threads({.load = 1e6, .max_threads = 5}, [](Instant) { return 0.0; });
  EXPECT_EQ(admitted_of(threads, Nanos{}, 100), 6) << "refused when more than five are in flight";
  SentinelSystemLimiter rt({.load = 1e6, .max_rt = milliseconds(10)}, [](Instant) { return 0.0; });
  EXPECT_TRUE(admits(rt, Nanos{}));
  rt.finished(at(Nanos{}), {.latency = milliseconds(11)});
  EXPECT_FALSE(admits(rt, Nanos{}));
}

void fill_window(DagorLimiter& limiter, Nanos from, Nanos queued) {
  for (int i = 0; i < 512; ++i) {
    const Ask ask{.priority = static_cast<Priority>(i / 128), .cohort = static_cast<std::uint8_t>(i % 128)};
    if (admits(limiter, from + milliseconds(i), ask)) limiter.started(at(from + milliseconds(i)), queued);
  }
}

TEST(DagorVectors, OverloadLowersTheLevelByFivePercentOfTheAdmitted) {
  DagorLimiter limiter({});
  fill_window(limiter, Nanos{}, milliseconds(21));
  EXPECT_EQ(limiter.level(), 511);
  admits(limiter, milliseconds(1001));
  EXPECT_EQ(limiter.level(), 485) << "one arrived at each level: the prefix falls from 512 to 486 <= 0.95 x 512";
}

TEST(DagorVectors, CalmRaisesItByOnePercentOfTheArrived) {
  DagorLimiter limiter({});
  fill_window(limiter, Nanos{}, milliseconds(21));
  fill_window(limiter, milliseconds(1001), milliseconds(19));
  admits(limiter, milliseconds(2100));
  EXPECT_EQ(limiter.level(), 491) << "six more levels: 486 + 0.01 x 512 = 491.1";
}

TEST(DagorVectors, TheWindowEndsAfterTwoThousandRequests) {
  DagorLimiter limiter({.window = seconds(3600)});
  for (int i = 0; i < 2000; ++i) {
    admits(limiter, microseconds(i), {.cohort = static_cast<std::uint8_t>(i % 128)});
    limiter.started(at(microseconds(i)), seconds(1));
  }
  EXPECT_EQ(limiter.level(), 511);
  admits(limiter, microseconds(2000));
  EXPECT_LT(limiter.level(), 511);
}

TEST(DagorVectors, BusinessPriorityComesBeforeUserPriority) {
  DagorLimiter limiter({.alpha = 0.45});
  fill_window(limiter, Nanos{}, milliseconds(100));
  admits(limiter, milliseconds(1001));
  // 0.55 x 512: two whole priorities and 25 users of the third.
  const Nanos now = milliseconds(1002);
  EXPECT_TRUE(admits(limiter, now, {.priority = Priority::normal, .cohort = 127}));
  EXPECT_TRUE(admits(limiter, now, {.priority = Priority::browse, .cohort = 24}));
  EXPECT_FALSE(admits(limiter, now, {.priority = Priority::browse, .cohort = 25}));
  EXPECT_FALSE(admits(limiter, now, {.priority = Priority::shadow, .cohort = 0}));
}

TEST(SlidingWindowVectors, NeverMoreThanMaxInAnyStretch) {
  SlidingWindowLimiter limiter({.max = 5, .window = seconds(1)});
  EXPECT_EQ(admitted_of(limiter, milliseconds(900), 3), 3);
  EXPECT_EQ(admitted_of(limiter, milliseconds(1100), 3), 2) << "a fixed window would have begun anew";
  EXPECT_EQ(admitted_of(limiter, milliseconds(1899), 3), 0);
  EXPECT_EQ(admitted_of(limiter, milliseconds(1900), 5), 3);
  EXPECT_EQ(admitted_of(limiter, milliseconds(2100), 5), 2);
}

TEST(AdaptiveWindowVectors, TheThresholdIsBaseTimesTheShareOfCapacityThatIsFree) {
  double predicted = 0;
  AdaptiveWindowLimiter limiter({.base_rps = 1000, .capacity_rps = 200}, [&predicted](Instant) { return predicted; });
  const struct {
    double predicted, threshold;
  } cases[] = {{0, 1000}, {50, 750}, {100, 500}, {199, 5}, {200, 0}, {400, 0}};
  for (const auto& c : cases) {
    predicted = c.predicted;
    admits(limiter, Nanos{});
    EXPECT_NEAR(limiter.limit(), c.threshold, 1e-9);
  }
  EXPECT_FALSE(admits(limiter, Nanos{}));
}

TEST(AdaptiveWindowVectors, WithoutAPredictorItSettlesWhereBaseAndCapacityBalance) {
  AdaptiveWindowLimiter limiter({.base_rps = 4000, .capacity_rps = 1000});
  int admitted = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    const int now = admitted_of(limiter, milliseconds(ms), 3);  // 3,000 a second
    if (ms >= 20'000) admitted += now;
  }
  EXPECT_NEAR(admitted / 40.0, 4000.0 * 1000 / 5000, 20);
}

}  // namespace
}  // namespace tidemark::guard
