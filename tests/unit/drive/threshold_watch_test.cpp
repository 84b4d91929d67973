// Thresholds followed through a run: scopes, windows, what is counted, and when a rule says stop. No sockets, no clock.
#include "engine/drive/threshold_watch.h"

#include <gtest/gtest.h>

#include <functional>

namespace tidemark::drive {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Two series, "browse" and "buy", in flows of the same names.
class ThresholdWatchTest : public testing::Test {
 protected:
  void follow(const std::vector<std::string>& expressions) {
    std::vector<schedule::Threshold> thresholds;
    std::vector<ThresholdScope> scopes;
    for (const auto& text : expressions) {
      auto parsed = schedule::parse_threshold(text);
      ASSERT_TRUE(parsed) << parsed.error().message();
      ThresholdScope scope{.everything = parsed->step.empty() && parsed->flow.empty()};
      if (!scope.everything) scope.series = {(parsed->step + parsed->flow) == "browse" ? 0U : 1U};
      thresholds.push_back(*parsed);
      scopes.push_back(scope);
    }
    watch_.emplace(std::move(thresholds), std::move(scopes));
  }

  // One second: `fill` puts in what was measured.
  std::optional<StoppedBy> second(const std::function<void(IntervalStats&)>& fill, bool sending = true) {
    IntervalStats stats;
    stats.series.assign(2, SeriesStats(3));
    stats.start_ns = now_s_ * kSecond;
    stats.end_ns = ++now_s_ * kSecond;
    stats.sending = sending;
    fill(stats);
    return watch_->second(stats, stats.sum());
  }

  std::optional<StoppedBy> answers(std::uint64_t ok, std::uint64_t failed, std::int64_t response_us = 1000) {
    return second([&](IntervalStats& stats) {
      stats.series[0].counts = {.started = ok + failed, .ok = ok, .failed = failed};
      stats.series[0].response.record(response_us, ok + failed);
      stats.planned_requests = ok + failed;
    });
  }

  ThresholdResult result(std::size_t index = 0) { return watch_->results(summary_)[index]; }

  std::optional<ThresholdWatch> watch_;
  std::int64_t now_s_ = 0;
  Summary summary_;  // as the run's own books have it
};

TEST_F(ThresholdWatchTest, TheKthIntervalInARowStopsAndNoneBefore) {
  follow({"failed_ratio < 0.1 abort for 3"});
  EXPECT_FALSE(answers(50, 50));
  EXPECT_FALSE(answers(50, 50));
  EXPECT_FALSE(answers(100, 0)) << "a good one in between starts the count anew";
  EXPECT_FALSE(answers(50, 50));
  EXPECT_FALSE(answers(50, 50));
  const auto stopped = answers(50, 50);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->rule, "failed_ratio < 0.1");
  EXPECT_EQ(stopped->intervals, 3u);
  EXPECT_DOUBLE_EQ(stopped->value, 0.5);
  EXPECT_DOUBLE_EQ(stopped->t_s, 6);
  EXPECT_EQ(reason_of(*stopped), "failed_ratio < 0.1: broken in 3 intervals in a row, the last with 0.5");
  EXPECT_FALSE(answers(0, 100)) << "a run is stopped once";
  EXPECT_EQ(result().verdict, "fail");
}

TEST_F(ThresholdWatchTest, AnIntervalInWhichNothingEndedIsNoEvidence) {
  follow({"response.p99 < 5ms abort for 2"});
  EXPECT_FALSE(answers(10, 0, 9000));
  EXPECT_FALSE(answers(0, 0));
  const auto stopped = answers(10, 0, 9000);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(reason_of(*stopped), "response.p99 < 5ms: broken in 2 intervals in a row, the last with 9.007 ms");
}

TEST_F(ThresholdWatchTest, ARuleThatStoppedTheRunFailsWhateverTheWholeRunCameTo) {
  follow({"failed_ratio < 0.5 abort for 1"});
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(answers(1000, 0));
  EXPECT_TRUE(answers(0, 1000));
  EXPECT_LT(result().value, 0.1);
  EXPECT_EQ(result().verdict, "fail");
}

TEST_F(ThresholdWatchTest, WithoutAbortNothingStops) {
  follow({"failed_ratio < 0.1"});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(answers(0, 100));
  EXPECT_EQ(result().verdict, "fail");
  EXPECT_FALSE(watch_->stopped_by());
}

TEST_F(ThresholdWatchTest, AWindowHoldsInEveryPlaceOrNot) {
  follow({"response.p50 < 5ms over 3s", "response.p50 < 5ms"});
  for (const int ms : {1, 1, 9, 9, 1, 1, 1, 1, 1}) answers(100, 0, ms * 1000);
  EXPECT_EQ(result(0).verdict, "fail") << "two of the three seconds to t = 4 s were slow";
  EXPECT_NEAR(result(0).value, 9000, 10);
  EXPECT_DOUBLE_EQ(result(0).at_s, 4);
  EXPECT_EQ(result(0).value_low, result(0).value_high);
  EXPECT_NEAR(result(1).value, 1000, 1) << "the whole run hides it";
}

TEST_F(ThresholdWatchTest, AWindowThatNeverFilledDecidesNothing) {
  follow({"failed_ratio < 0.1 over 10s abort for 1"});
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(answers(0, 100));
  EXPECT_EQ(result().verdict, "undecided");
  EXPECT_TRUE(answers(0, 100));
}

TEST_F(ThresholdWatchTest, LongWindowsSlideInThirtySlices) {
  follow({"errors < 1000000 over 60s"});
  for (int i = 0; i < 59; ++i) answers(0, 1);
  EXPECT_EQ(result().verdict, "undecided");
  answers(0, 1);
  EXPECT_DOUBLE_EQ(result().value, 60);
  answers(0, 1);
  answers(0, 5);
  EXPECT_DOUBLE_EQ(result().value, 64) << "the two oldest seconds went, the two newest came";
}

TEST_F(ThresholdWatchTest, WarmingUpDoesNotCount) {
  follow({"failed_ratio < 0.1 after 2s abort for 1", "failed_ratio < 0.1"});
  EXPECT_FALSE(answers(0, 100));
  EXPECT_FALSE(answers(0, 100));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(answers(100, 0));
  EXPECT_EQ(result(0).value, 0);
  EXPECT_EQ(result(0).verdict, "pass");
  EXPECT_GT(result(1).value, 0);
}

TEST_F(ThresholdWatchTest, StepsFlowsAndKindsAreCountedByThemselves) {
  follow({"errors{browse} < 10", "errors{flow=buy} < 10", "errors{kind=status 5*} < 10", "errors < 10",
          "timed_out{buy} < 10", "checks{buy} > 0.5", "in_flight < 10", "dropped < 10"});
  for (int i = 0; i < 2; ++i) {
    second([](IntervalStats& stats) {
      stats.series[0].counts = {.ok = 10, .failed = 1, .in_flight = 4};
      stats.series[1].counts = {.ok = 10, .failed = 2, .timed_out = 3, .in_flight = 5};
      stats.series[1].checks_failed = 2;
      stats.errors = {{"status 503", 1}, {"status 500", 1}, {"status 404", 1}, {"timed out", 3}};
      stats.flows.dropped = 1;
    });
  }
  EXPECT_DOUBLE_EQ(result(0).value, 2);
  EXPECT_DOUBLE_EQ(result(1).value, 10);
  EXPECT_EQ(result(1).verdict, "fail");
  EXPECT_DOUBLE_EQ(result(2).value, 4);
  EXPECT_DOUBLE_EQ(result(3).value, 12);
  EXPECT_DOUBLE_EQ(result(4).value, 6);
  EXPECT_NEAR(result(5).value, 20.0 / 24, 1e-9);
  EXPECT_DOUBLE_EQ(result(6).value, 9);
  EXPECT_DOUBLE_EQ(result(7).value, 2);
}

TEST_F(ThresholdWatchTest, CountsStopByWhatTheyHaveComeTo) {
  follow({"errors < 5 abort for 1"});
  EXPECT_FALSE(answers(0, 2));
  EXPECT_FALSE(answers(0, 2));
  EXPECT_TRUE(answers(0, 1));
}

TEST_F(ThresholdWatchTest, ATargetRateThatIsNotReachedStops) {
  follow({"achieved_ratio > 0.9 over 2s abort for 2", "achieved_rate > 90 over 2s", "offered_rate > 90 over 2s"});
  const auto at_rate = [&](std::uint64_t answered) {
    return second([&](IntervalStats& stats) {
      stats.series[0].counts = {.ok = answered};
      stats.planned_requests = 100;
    });
  };
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(at_rate(100));
  EXPECT_FALSE(at_rate(60));
  const auto stopped = at_rate(60);
  ASSERT_TRUE(stopped);
  EXPECT_DOUBLE_EQ(stopped->value, 0.6);
  EXPECT_DOUBLE_EQ(result(1).value, 60);
  EXPECT_EQ(result(1).verdict, "fail");
  EXPECT_EQ(result(2).verdict, "pass");
}

TEST_F(ThresholdWatchTest, TheDrainAfterTheSendingIsNoWindow) {
  follow({"achieved_rate > 50 abort for 1", "response.max < 1s"});
  EXPECT_FALSE(answers(100, 0));
  EXPECT_FALSE(second(
      [](IntervalStats& stats) {
        stats.series[0].counts.ok = 1;
        stats.series[0].response.record(2'000'000);
      },
      false));
  summary_.achieved_rate = 100;
  EXPECT_EQ(result(0).verdict, "pass");
  EXPECT_EQ(result(1).verdict, "fail") << "but what ends in it counts for the run";
}

WatermarkSample sample(double t_s, double busy, double wait = 0, std::uint64_t completed = 0) {
  WatermarkSample made;
  made.t_s = t_s;
  made.node = "store-1";
  made.service = "store";
  made.workers = 4;
  made.busy_seconds = busy;
  made.cpu_seconds = busy / 4;
  made.wait_seconds = wait;
  made.completed = completed;
  return made;
}

TEST_F(ThresholdWatchTest, ANodesBusyShareStopsARun) {
  follow({"node{store}.busy < 0.9 abort for 2"});
  EXPECT_FALSE(watch_->sample(sample(0, 0)));
  EXPECT_FALSE(watch_->sample(sample(1, 4)));
  const auto stopped = watch_->sample(sample(2, 8));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->where, "store-1");
  EXPECT_DOUBLE_EQ(stopped->value, 1);
  EXPECT_EQ(reason_of(*stopped), "node{store}.busy < 0.9: broken in 2 intervals in a row, the last with 1 at store-1");
  EXPECT_EQ(result().where, "store-1");
}

TEST_F(ThresholdWatchTest, EachNodeIsFollowedByItselfAndTheWorstDecides) {
  follow({"node{store}.cpu < 0.9 abort for 2", "node{*}.queue < 10", "node{cache}.cpu < 0.1"});
  for (int t = 0; t < 6; ++t) {
    auto one = sample(t, t * 1.0), other = sample(t, t % 2 == 0 ? t * 4.0 : t * 4.0 - 3);
    other.node = "store-2";
    other.queued_max = static_cast<std::uint32_t>(t);
    EXPECT_FALSE(watch_->sample(one));
    EXPECT_FALSE(watch_->sample(other)) << "its busy seconds never follow on each other";
  }
  EXPECT_EQ(result(0).where, "store-2");
  EXPECT_EQ(result(0).verdict, "fail");
  EXPECT_DOUBLE_EQ(result(1).value, 5);
  EXPECT_EQ(result(2).verdict, "undecided") << "no such node was sampled";
}

TEST_F(ThresholdWatchTest, WindowsOfANodeAreDifferencesOfItsIntegrals) {
  follow({"node{store-1}.wait < 5ms over 3s", "node{store-1}.busy < 0.9 over 3s", "node{store}.refused < 5"});
  for (int t = 0; t <= 10; ++t) {
    auto made = sample(t + (t % 2) * 0.1, t * 2.0, t * 0.4, static_cast<std::uint64_t>(t) * 100);
    made.refused = static_cast<std::uint64_t>(t);
    watch_->sample(made);
  }
  EXPECT_NEAR(result(0).value, 4000, 1);
  EXPECT_EQ(result(0).verdict, "pass");
  EXPECT_NEAR(result(1).value, 0.5, 0.05);
  EXPECT_DOUBLE_EQ(result(2).value, 10);
  EXPECT_EQ(result(2).verdict, "fail");
}

TEST_F(ThresholdWatchTest, AMissedSecondAndARestartAreNoLevels) {
  follow({"node{store}.busy < 0.9", "node{store}.missed < 2", "node{store}.refused < 100"});
  auto before = sample(1, 100);
  before.refused = 90;
  watch_->sample(before);
  WatermarkSample missed;
  missed.t_s = 2;
  missed.node = "store-1";
  missed.service = "store";
  missed.missed = true;
  watch_->sample(missed);
  watch_->sample(sample(3, 0.5));
  watch_->sample(sample(4, 1.0));
  EXPECT_DOUBLE_EQ(result(0).value, 0.125);
  EXPECT_DOUBLE_EQ(result(1).value, 1);
  EXPECT_DOUBLE_EQ(result(2).value, 0);
}

}  // namespace
}  // namespace tidemark::drive
