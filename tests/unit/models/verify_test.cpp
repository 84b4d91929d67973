#include <gtest/gtest.h>

#include <cmath>

#include "models/capacity/fit.h"
#include "tests/unit/models/chain_simulator.h"
#include "tests/unit/models/small_model.h"

namespace tidemark::capacity {
namespace {

// A run of 40 s with `per_second` responses of step "view", a share of them slow; every `burst`-th second has all the
// slow ones.
record::RunRecord run_with(double slow_share, int burst, int per_second = 500) {
  record::RunRecord run;
  run.manifest = {{"run_id", "verify-1"}};
  run.events.push_back({0, "stage", {{"index", 0}, {"start_s", 0}, {"end_s", 40}, {"rate", per_second}}});
  record::WindowRecord window;
  for (int second = 0; second < 40; ++second) {
    record::WindowRecord total;
    total.start_s = second;
    total.length_s = 1;
    const int slow = second % burst == 0 ? static_cast<int>(std::lround(per_second * slow_share * burst)) : 0;
    for (int i = 0; i < per_second - slow; ++i) total.response.record(20'000 + 100 * (i % 400));
    for (int i = 0; i < slow; ++i) total.response.record(100'000 + 50 * i);
    if (second >= 2) window.response.add(total.response);
    run.seconds.push_back(std::move(total));
    record::SeriesPoint point{.t_s = static_cast<double>(second)};
    point.flows.completed = static_cast<std::uint64_t>(per_second);
    run.series.push_back(point);
  }
  window.start_s = 2;
  window.length_s = 38;
  window.step = "view";
  run.windows.push_back(std::move(window));
  run.stored_summary = Summary{.run_id = "verify-1", .duration_s = 40};
  return run;
}

Plan plan_of(double predicted_us) {
  Plan plan{.request = {.rate = 500}};
  plan.predicted.push_back({.step = "view", .quantile_us = {predicted_us, predicted_us, predicted_us}});
  return plan;
}

TEST(Verify, PassesWhereTheIntervalLiesBelowTheLimit) {
  const auto plan = plan_of(60'000);
  const auto verified = verify(plan, plan.predicted, run_with(0.004, 1), false);
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->verdict, "pass");
  EXPECT_EQ(verified->steps.front().slo, "held");
  EXPECT_NEAR(verified->steps.front().error, verified->steps.front().measured_us.value / 60'000 - 1, 1e-12);
  EXPECT_LE(verified->steps.front().measured_us.low, verified->steps.front().measured_us.value);
  EXPECT_NEAR(verified->achieved_rate, 500, 1e-9);
  // One node less was expected to miss it.
  EXPECT_EQ(verify(plan, plan.predicted, run_with(0.004, 1), true)->verdict, "fail");
}

TEST(Verify, FailsWhereTheIntervalLiesAboveTheLimit) {
  const auto plan = plan_of(60'000);
  EXPECT_EQ(verify(plan, plan.predicted, run_with(0.03, 1), false)->verdict, "fail");
  EXPECT_EQ(verify(plan, plan.predicted, run_with(0.03, 1), true)->verdict, "pass");
}

TEST(Verify, IsUndecidedWhereTheIntervalStraddlesTheLimit) {
  const auto plan = plan_of(60'000);
  EXPECT_EQ(verify(plan, plan.predicted, run_with(0.0095, 1), false)->verdict, "undecided");
}

TEST(Verify, CountsWhatWasMeasuredBeforeAnExtension) {
  const auto plan = plan_of(60'000);
  const std::vector<record::RunRecord> runs(12, run_with(0.008, 10));
  EXPECT_EQ(verify(plan, plan.predicted, runs.front(), false)->verdict, "undecided");
  const auto extended = verify(plan, plan.predicted, runs, false);
  ASSERT_TRUE(extended) << extended.error().message();
  EXPECT_EQ(extended->verdict, "pass");
  EXPECT_EQ(extended->run_id, "verify-1");
  EXPECT_EQ(extended->earlier_run_ids, std::vector<std::string>(11, "verify-1"));
  EXPECT_NEAR(extended->achieved_rate, 500, 1e-9);
  EXPECT_EQ(parse_verification(to_json(*extended), "verification.json")->earlier_run_ids.size(), 11U);
}

TEST(Verify, NeedsARun) {
  const auto plan = plan_of(60'000);
  const auto none = verify(plan, plan.predicted, std::span<const record::RunRecord>(), false);
  EXPECT_EQ(none.error().what, "there is no run to verify the plan with");
}

TEST(Verify, KnowsThatSlowResponsesComeInBursts) {
  // As many slow responses, but all in every tenth second: fewer independent observations, a wider interval.
  const auto plan = plan_of(60'000);
  const auto even = verify(plan, plan.predicted, run_with(0.008, 1), false);
  const auto bursts = verify(plan, plan.predicted, run_with(0.008, 10), false);
  EXPECT_EQ(even->verdict, "pass");
  EXPECT_EQ(bursts->verdict, "undecided");
}

TEST(Verify, UsesBatchMeansWhereThereAreNoSeconds) {
  auto run = run_with(0.004, 1);
  run.seconds.clear();
  run.windows.clear();
  for (int i = 0; i < 4; ++i) {
    record::WindowRecord window;
    window.start_s = 2 + 9 * i;
    window.length_s = 9;
    window.step = "view";
    for (int k = 0; k < 4000; ++k) window.response.record(20'000 + 10 * k + 100 * i);
    run.windows.push_back(std::move(window));
  }
  const auto plan = plan_of(60'000);
  const auto verified = verify(plan, plan.predicted, run, false);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->verdict, "pass");
  EXPECT_GT(verified->steps.front().measured_us.high, verified->steps.front().measured_us.value);
}

TEST(Verify, CountsLostRequestsAsMissed) {
  auto run = run_with(0.001, 1);
  run.stored_summary->by_step["view"].requests = {.started = 1000, .ok = 950, .failed = 40, .timed_out = 10};
  const auto plan = plan_of(60'000);
  const auto verified = verify(plan, plan.predicted, run, false);
  EXPECT_EQ(verified->verdict, "fail");
  ASSERT_EQ(verified->notes.size(), 1U);
  EXPECT_EQ(verified->notes.front(), "view: 50 requests failed or timed out, more than the SLO's quantile allows");
}

TEST(Verify, RefusesRunsThatMeasureNothing) {
  const auto plan = plan_of(60'000);
  auto partial = run_with(0.001, 1);
  partial.partial = true;
  EXPECT_EQ(verify(plan, plan.predicted, partial, false).error().code, ExitCode::partial_record);
  auto invalid = run_with(0.001, 1);
  invalid.stored_summary->validity = "generator-limited";
  EXPECT_EQ(verify(plan, plan.predicted, invalid, false).error().code, ExitCode::invalid_measurement);
  auto other = run_with(0.001, 1);
  other.windows.front().step = "other";
  EXPECT_EQ(verify(plan, plan.predicted, other, false).error().what, "the run has no response of step \"view\"");
  EXPECT_EQ(verify(plan, {}, run_with(0.001, 1), false).error().code, ExitCode::usage);
}

TEST(Verify, HasNoErrorAgainstAQueueWithoutEnd) {
  const auto plan = plan_of(HUGE_VAL);
  const auto verified = verify(plan, plan.predicted, run_with(0.03, 1), true);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->steps.front().error, 0);
  EXPECT_FALSE(verified->notes.empty());
}

}  // namespace
}  // namespace tidemark::capacity
