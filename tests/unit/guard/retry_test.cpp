#include "engine/guard/retry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/guard/deadline.h"

namespace tidemark::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Retry::Verdict;
using Kind = RetryBudgetSettings::Kind;

const Instant kNow = Instant(hours(1));
constexpr Nanos kAmple = seconds(5);

TEST(Retry, WaitsFiftyThenAHundredMillisecondsOnAverageAndThenGivesUp) {
  RetrySettings settings;
  settings.budget.kind = Kind::none;
  Retry retry(settings, 1);
  for (const auto& [attempt, mean_ms] : {std::pair{1U, 50.0}, std::pair{2U, 100.0}}) {
    double sum_ms = 0;
    constexpr int kDraws = 2000;
    for (int i = 0; i < kDraws; ++i) {
      const auto decision = retry.failed(kNow, attempt, true, kAmple, Nanos{});
      ASSERT_EQ(decision.verdict, Verdict::again);
      const double wait_ms = to_seconds(decision.wait) * 1e3;
      EXPECT_GE(wait_ms, mean_ms * 0.5 - 1e-3);
      EXPECT_LE(wait_ms, mean_ms * 1.5 + 1e-3);
      sum_ms += wait_ms;
    }
    EXPECT_NEAR(sum_ms / kDraws, mean_ms, mean_ms * 0.03);
  }
  EXPECT_EQ(retry.failed(kNow, 3, true, kAmple, Nanos{}).verdict, Verdict::attempts_spent);
}

TEST(Retry, WithoutJitterTheWaitIsExactUpToItsMost) {
  RetrySettings settings{.attempts = 10, .jitter = 0};
  settings.budget.kind = Kind::none;
  Retry retry(settings, 1);
  const int expected_ms[] = {50, 100, 200, 400, 800, 1000, 1000};
  for (std::uint32_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(to_seconds(retry.failed(kNow, i + 1, true, kAmple, Nanos{}).wait) * 1e3, expected_ms[i], 1e-3);
  }
}

TEST(Retry, RepeatsOnlyWhatMayBeRepeated) {
  Retry retry(RetrySettings{}, 1);
  EXPECT_EQ(retry.failed(kNow, 1, false, kAmple, Nanos{}).verdict, Verdict::not_repeatable) << "a payment";
  Retry bold(RetrySettings{.idempotent_only = false}, 1);
  EXPECT_EQ(bold.failed(kNow, 1, false, kAmple, Nanos{}).verdict, Verdict::again);
}

TEST(Retry, DoesNotBeginWhatTheDeadlineWillCut) {
  Retry retry(RetrySettings{.jitter = 0}, 1);
  EXPECT_EQ(retry.failed(kNow, 1, true, milliseconds(69), milliseconds(20)).verdict, Verdict::too_late);
  EXPECT_EQ(retry.failed(kNow, 1, true, milliseconds(70), milliseconds(20)).verdict, Verdict::again);
}

// An outage with a retry for each failure: attempts per request, over a minute at 200 requests/s.
double amplification(const RetryBudgetSettings& budget) {
  Retry retry(RetrySettings{.jitter = 0, .budget = budget}, 1);
  Instant now = kNow;
  double attempts = 0;
  constexpr int kRequests = 12'000;
  for (int i = 0; i < kRequests; ++i, now += milliseconds(5)) {
    retry.requested(now);
    for (std::uint32_t attempt = 1;; ++attempt) {
      ++attempts;
      if (retry.failed(now, attempt, true, kAmple, Nanos{}).verdict != Verdict::again) break;
    }
  }
  return attempts / kRequests;
}

TEST(RetryBudget, BoundsWhatAnOutageIsMultipliedBy) {
  EXPECT_DOUBLE_EQ(amplification({.kind = Kind::none}), 3);
  EXPECT_NEAR(amplification({}), 1 + 0.2 + 10.0 / 200, 0.02) << "Finagle: a fifth of the requests and ten a second";
  EXPECT_NEAR(amplification({.kind = Kind::tokens, .ratio = 0.1}), 1, 0.001) << "gRPC: none while all fail";
}

TEST(RetryBudget, TokensAreGrpcs) {  // proposal A6: maxTokens 10, tokenRatio 0.1
  RetryBudget budget({.kind = Kind::tokens, .ratio = 0.1, .most = 10});
  for (int i = 0; i < 4; ++i) budget.answered(true);
  EXPECT_TRUE(budget.take(kNow)) << "6 of 10";
  budget.answered(true);
  EXPECT_FALSE(budget.take(kNow)) << "5 is half";
  budget.answered(false);
  EXPECT_TRUE(budget.take(kNow)) << "5.1";
}

TEST(RetryBudget, AShareOfTheLastTenSeconds) {
  RetryBudget budget({.floor_per_second = 0});
  for (int i = 0; i < 10; ++i) budget.requested(kNow);
  EXPECT_TRUE(budget.take(kNow));
  EXPECT_TRUE(budget.take(kNow + seconds(5)));
  EXPECT_FALSE(budget.take(kNow + seconds(5))) << "two of ten";
  for (int i = 0; i < 10; ++i) budget.requested(kNow + seconds(6));
  EXPECT_FALSE(budget.take(kNow + seconds(17))) << "forgotten";
  EXPECT_DOUBLE_EQ(RetryBudget({.kind = Kind::none}).left(kNow), std::numeric_limits<double>::infinity());
}

TEST(Deadline, WhatIsLeftTravelsLessTheMargin) {
  const DeadlineSettings settings;
  const Deadline deadline = Deadline::from_call(kNow, milliseconds(100), settings);
  EXPECT_EQ(deadline.left(kNow + milliseconds(30)), milliseconds(70));
  EXPECT_EQ(deadline.to_hand_on(kNow + milliseconds(30), settings), milliseconds(65));
  EXPECT_EQ(deadline.to_hand_on(kNow + milliseconds(97), settings), Nanos{}) << "not worth a call";
  EXPECT_EQ(deadline.left(kNow + seconds(1)), Nanos{});
  EXPECT_TRUE(deadline.over(kNow + milliseconds(100)));
  EXPECT_TRUE(deadline.allows(kNow + milliseconds(80), milliseconds(20)));
  EXPECT_FALSE(deadline.allows(kNow + milliseconds(81), milliseconds(20)));
}

TEST(Deadline, WhoSaysNothingHasThePatienceOfTheDefaultAndNobodyForever) {
  const DeadlineSettings settings;
  EXPECT_EQ(Deadline::from_call(kNow, Nanos(-1), settings).left(kNow), seconds(5));
  EXPECT_EQ(Deadline::from_call(kNow, hours(10), settings).left(kNow), seconds(60));
  EXPECT_TRUE(Deadline::from_call(kNow, Nanos{}, settings).over(kNow));
}

TEST(TimeQuantile, FollowsTheQuantileOfALognormal) {
  Random random(1, "times");
  for (const double q : {0.1, 0.5, 0.9}) {
    TimeQuantile quantile(q);
    double sum = 0;
    constexpr int kSamples = 20'000;
    for (int i = 0; i < kSamples; ++i) {
      quantile.add(from_seconds(random.lognormal(0.02, 0.6)));
      if (i >= kSamples / 2) sum += to_seconds(quantile.value());
    }
    const double sigma = std::sqrt(std::log(1 + 0.36));
    const double expected = std::exp(std::log(0.02) - sigma * sigma / 2 + sigma * normal_quantile(q));
    EXPECT_NEAR(sum / (kSamples / 2.0), expected, expected * 0.08) << q;
  }
  TimeQuantile off(0);
  off.add(seconds(1));
  EXPECT_EQ(off.value(), Nanos{}) << "0 refuses nothing early";
}

}  // namespace
}  // namespace tidemark::guard
