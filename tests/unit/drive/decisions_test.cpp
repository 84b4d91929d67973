// The runner's pure decisions: where time is cut, how many connections, whether a run is valid, what a threshold says.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/random.h"
#include "engine/drive/batch_history.h"
#include "engine/drive/connection_limit.h"
#include "engine/drive/cut_schedule.h"
#include "engine/drive/flow_table.h"
#include "engine/drive/interval_stats.h"
#include "engine/drive/proportion.h"
#include "engine/drive/self_monitor.h"
#include "engine/drive/thresholds_eval.h"
#include "engine/drive/validity.h"

namespace tidemark::drive {
namespace {

using std::chrono::seconds;

schedule::ArrivalStream::StageMark stage(Nanos start, Nanos end) {
  return {start, end, Rate::per_second(100)};
}

std::vector<double> cuts(const std::vector<schedule::ArrivalStream::StageMark>& stages, bool windows, double until_s) {
  CutSchedule schedule(stages);
  std::vector<double> at;
  for (; static_cast<double>(schedule.next().at_ns) <= until_s * 1e9; schedule.advance()) {
    if (windows ? schedule.next().window : schedule.next().second)
      at.push_back(static_cast<double>(schedule.next().at_ns) / 1e9);
  }
  return at;
}

TEST(CutSchedule, CutsSettlingTimeTenSecondsAndStageEnds) {
  const std::vector<schedule::ArrivalStream::StageMark> stages = {stage(seconds(0), seconds(25)),
                                                                  stage(seconds(25), seconds(30))};
  EXPECT_EQ(cuts(stages, true, 45), (std::vector<double>{2, 12, 22, 25, 26, 30, 40}));
  EXPECT_EQ(cuts(stages, false, 5), (std::vector<double>{1, 2, 3, 4, 5}));
}

TEST(CutSchedule, CutsBetweenSeconds) {
  const std::vector<schedule::ArrivalStream::StageMark> stages = {stage(seconds(0), std::chrono::milliseconds(2500))};
  EXPECT_EQ(cuts(stages, true, 13), (std::vector<double>{0.5, 2.5, 12.5}));
  EXPECT_EQ(cuts(stages, false, 3), (std::vector<double>{1, 2, 3}));
}

TEST(CutSchedule, LeavesOutStagesShorterThanASecondButNotTheEnd) {
  const auto ms = [](int value) { return std::chrono::milliseconds(value); };
  const std::vector<schedule::ArrivalStream::StageMark> bins = {stage(ms(0), ms(400)), stage(ms(400), ms(800)),
                                                                stage(ms(800), ms(1200))};
  EXPECT_EQ(cuts(bins, true, 2), (std::vector<double>{1.2}));
}

TEST(ConnectionLimit, IsTheLeastOfDescriptorsPortsAndMemory) {
  const MachineLimits machine{
      .descriptors = 20'000, .descriptors_in_use = 10, .local_ports = 28'000, .available_bytes = 4ull << 30};
  EXPECT_EQ(*connection_limit(0, 6, machine), 20'000u - 64 - 10 - 6);
  EXPECT_EQ(*connection_limit(0, 0, {.descriptors = 1'000'000, .local_ports = 28'000, .available_bytes = 64ull << 30}),
            25'200u);
  EXPECT_EQ(*connection_limit(0, 0, {.descriptors = 1'000'000, .local_ports = 28'000, .available_bytes = 1ull << 30}),
            8192u);
  EXPECT_EQ(*connection_limit(2500, 0, machine), 2500u);
}

TEST(ConnectionLimit, RefusesWhatTheMachineCannotHoldAndNamesTheNumber) {
  const auto refused = connection_limit(10'000, 0, {.descriptors = 256});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::environment);
  EXPECT_EQ(
      refused.error().message(),
      "open files: 10000 connections need 10064 descriptors, the limit is 256 (ulimit -n 10064, or --connections 192)");
  const auto memory = connection_limit(10'000, 0, {.descriptors = 100'000, .available_bytes = 100ull << 20});
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, ExitCode::environment);
  EXPECT_EQ(memory.error().message(),
            "memory: 10000 connections need 312 MiB, 100 MiB are available (--connections 1600)");
  const auto ports = connection_limit(30'000, 0, {.descriptors = 100'000, .local_ports = 28'232});
  ASSERT_FALSE(ports);
  EXPECT_EQ(ports.error().what, "30000 connections to one address, 28232 local ports");
}

TEST(FlowTable, ExpiresInTheOrderOfDeadlinesWhateverIsDisarmed) {
  for (std::uint32_t gone = 0; gone < 5; ++gone) {
    FlowTable table;
    for (std::uint32_t i = 0; i < 5; ++i) {
      ASSERT_EQ(table.allocate(), i);
      table[i].phase = FlowSlot::Phase::waiting;
      table.arm(i, i * 10);
    }
    table.disarm(gone);
    table.release(gone);
    std::vector<std::uint32_t> order;
    while (table.next_to_expire() != kNone) {
      order.push_back(table.next_to_expire());
      table.disarm(order.back());
    }
    std::vector<std::uint32_t> wanted = {0, 1, 2, 3, 4};
    wanted.erase(wanted.begin() + gone);
    EXPECT_EQ(order, wanted);
    EXPECT_EQ(table.active(), 4u);
    EXPECT_EQ(table.allocate(), gone);
  }
}

ValiditySample second_of(std::uint64_t late, double cpu = 0.2) {
  return {.sends = 1000, .late_sends = late, .cpu_share = cpu};
}

TEST(Validity, FlagsMoreThanOnePercentLate) {
  ValidityInput input{.samples = {second_of(10), second_of(10), second_of(10)}, .worst_lateness_ms = 3.5};
  EXPECT_EQ(judge_validity(input).word, "valid");
  input.samples[1].late_sends = 11;
  const Validity late = judge_validity(input);
  EXPECT_EQ(late.word, "generator-limited");
  EXPECT_EQ(late.reasons,
            std::vector<std::string>{"1.0 % of the sends were more than 1 ms late (limit 1 %), the worst by 3.5 ms"});
}

TEST(Validity, FlagsABusyCoreInThreeSeconds) {
  ValidityInput input{.samples = {second_of(0, 0.86), second_of(0), second_of(0, 0.9)}};
  EXPECT_EQ(judge_validity(input).word, "valid");
  input.samples.push_back({.length_s = 0.1, .cpu_share = 1});  // a rest says little
  EXPECT_EQ(judge_validity(input).word, "valid");
  input.samples.push_back(second_of(0, 0.87));
  EXPECT_EQ(judge_validity(input).word, "generator-limited");
}

TEST(Validity, HasNoLagVerdictInTheClosedModel) {
  const ValidityInput input{.open_model = false, .samples = {second_of(900, 1), second_of(900, 1), second_of(900, 1)}};
  EXPECT_EQ(judge_validity(input).word, "valid");
  EXPECT_TRUE(judge_validity(input).reasons.empty());
}

TEST(Validity, NamesTheEnvironmentFirst) {
  ValidityInput input{.samples = {second_of(900)}};
  input.samples[0].no_descriptor = 3;
  input.samples[0].no_port = 2;
  const Validity validity = judge_validity(input);
  EXPECT_EQ(validity.word, "environment-limited");
  ASSERT_EQ(validity.reasons.size(), 3u);
  EXPECT_EQ(validity.reasons[0], "3 connections not opened: no file descriptor left; raise the limit (ulimit -n)");
  EXPECT_EQ(validity.reasons[1], "2 connections not opened: no local port left");
}

TEST(Validity, SaysThatTheCoreWasShared) {
  ValidityInput input{.samples = {second_of(900)}};
  input.samples[0].run_queue_share = 0.4;
  ASSERT_EQ(judge_validity(input).reasons.size(), 2u);
  EXPECT_EQ(judge_validity(input).reasons[1],
            "the generator waited 40 % of the time for its core: give it one of its own (--cpu N)");
}

TEST(Validity, StealTakesThreeSeconds) {
  ValidityInput input{.samples = std::vector<ValiditySample>(2, ValiditySample{.steal_share = 0.2})};
  EXPECT_EQ(judge_validity(input).word, "valid");
  input.samples.push_back({.steal_share = 0.3});
  EXPECT_EQ(judge_validity(input).word, "environment-limited");
}

TEST(Validity, DroppedFlowsAreNotThePlan) {
  const Validity validity = judge_validity({.samples = {second_of(0)}, .dropped = 5, .planned = 100});
  EXPECT_EQ(validity.word, "generator-limited");
  EXPECT_EQ(validity.reasons.at(0), "5 of 100 flows were dropped: every connection in use and the queue full");
}

TEST(Wilson, MatchesPublishedValues) {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  const struct {
    int r, n;
    double low, high;
  } published[] = {
      {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611}, {1, 29, 0.0061, 0.1718}};
  for (const auto& row : published) {
    const auto interval = wilson(static_cast<double>(row.r) / row.n, row.n, 1.959963984540054);
    EXPECT_NEAR(interval.low, row.low, 5e-5) << row.r << "/" << row.n;
    EXPECT_NEAR(interval.high, row.high, 5e-5) << row.r << "/" << row.n;
  }
}

schedule::Threshold p99_below(double limit_us) {
  return {.expression = "response.p99 < x", .metric = "response", .statistic = "p99", .below = true, .limit = limit_us};
}

MeasuredClock exponential_clock(std::uint64_t seed, int batches, int per_batch, double mean_us) {
  Random random(seed, "clock");
  MeasuredClock measured;
  for (int b = 0; b < batches; ++b) {
    auto& batch = measured.batches.emplace_back();
    for (int i = 0; i < per_batch; ++i) batch.record(static_cast<std::int64_t>(random.exponential(mean_us)));
    measured.all.add(batch);
  }
  return measured;
}

TEST(Thresholds, IntervalOfAQuantileCoversTheTruth) {
  const double truth = 10'000 * std::log(100.0);
  int covered = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto result = evaluate_clock(p99_below(1e9), exponential_clock(seed, 20, 500, 10'000));
    covered += result.value_low <= truth && truth <= result.value_high ? 1 : 0;
    EXPECT_EQ(result.verdict, "pass");
  }
  EXPECT_GE(covered, 184);  // 95 % asked for: 190 expected, 3 standard deviations below is 181
}

TEST(Thresholds, StraddlingIsUndecidedAndTheSidesAreNot) {
  const auto measured = exponential_clock(1, 20, 500, 10'000);
  const auto result = evaluate_clock(p99_below(46'000), measured);
  EXPECT_EQ(result.verdict, "undecided");
  EXPECT_LT(result.value_low, 46'000);
  EXPECT_GT(result.value_high, 46'000);
  EXPECT_EQ(evaluate_clock(p99_below(60'000), measured).verdict, "pass");
  EXPECT_EQ(evaluate_clock(p99_below(30'000), measured).verdict, "fail");
  auto above = p99_below(30'000);
  above.below = false;
  EXPECT_EQ(evaluate_clock(above, measured).verdict, "pass");
}

TEST(Thresholds, AShortRunCannotPassAHighQuantile) {
  // Of 300 samples the true p99 may lie beyond the largest: 0.99^300 = 4.9 %.
  EXPECT_EQ(evaluate_clock(p99_below(1e9), exponential_clock(1, 1, 300, 10'000)).verdict, "undecided");
  EXPECT_EQ(evaluate_clock(p99_below(1e9), exponential_clock(1, 1, 400, 10'000)).verdict, "pass");
  EXPECT_EQ(evaluate_clock(p99_below(1e9), MeasuredClock{}).verdict, "undecided");
}

TEST(Thresholds, NoiseBetweenBatchesWidensTheInterval) {
  MeasuredClock calm, noisy;
  Random random(3, "noise");
  for (int b = 0; b < 20; ++b) {
    auto& steady = calm.batches.emplace_back();
    auto& wavy = noisy.batches.emplace_back();
    const double factor = 0.5 + random.uniform() * 1.5;
    for (int i = 0; i < 1000; ++i) {
      const double draw = random.exponential(10'000);
      steady.record(static_cast<std::int64_t>(draw));
      wavy.record(static_cast<std::int64_t>(draw * factor));
    }
    calm.all.add(steady);
    noisy.all.add(wavy);
  }
  EXPECT_LT(variance_inflation(calm, 0.99), 2.5);
  EXPECT_GT(variance_inflation(noisy, 0.99), 5);
  const auto narrow = evaluate_clock(p99_below(1e9), calm);
  const auto wide = evaluate_clock(p99_below(1e9), noisy);
  EXPECT_GT(wide.value_high - wide.value_low, 1.5 * (narrow.value_high - narrow.value_low));
}

TEST(Thresholds, APlannedRampIsNotNoise) {
  MeasuredClock ramp;
  Random random(4, "ramp");
  for (int b = 0; b < 30; ++b) {
    auto& batch = ramp.batches.emplace_back();
    for (int i = 0; i < 1000; ++i) batch.record(static_cast<std::int64_t>(random.exponential(5'000 + b * 100)));
    ramp.all.add(batch);
  }
  EXPECT_LT(variance_inflation(ramp, 0.99), 3);
}

TEST(Thresholds, FailedRatioHasWilsonsInterval) {
  const schedule::Threshold limit{
      .expression = "failed_ratio < 1%", .metric = "failed_ratio", .below = true, .limit = 0.01};
  EXPECT_EQ(evaluate_ratio(limit, 10, 10'000).verdict, "pass");
  EXPECT_EQ(evaluate_ratio(limit, 200, 10'000).verdict, "fail");
  EXPECT_EQ(evaluate_ratio(limit, 0, 100).verdict, "undecided");
  EXPECT_EQ(evaluate_ratio(limit, 0, 0).verdict, "undecided");
  EXPECT_DOUBLE_EQ(evaluate_ratio(limit, 50, 200).value, 0.25);
}

TEST(Thresholds, AMaximumIsWhatItIs) {
  auto maximum = p99_below(2'000'000);
  maximum.statistic = "max";
  const auto result = evaluate_clock(maximum, exponential_clock(1, 10, 100, 1000));
  EXPECT_EQ(result.verdict, "pass");
  EXPECT_EQ(result.value_low, result.value_high);
}

TEST(Thresholds, MeansComeFromBatches) {
  auto mean = p99_below(11'000);
  mean.statistic = "mean";
  const auto measured = exponential_clock(7, 20, 500, 10'000);
  const auto result = evaluate_clock(mean, measured);
  EXPECT_EQ(result.verdict, "pass");
  EXPECT_NEAR(result.value, 10'000, 300);
  EXPECT_LT(result.value_low, result.value);
  EXPECT_EQ(evaluate_clock(mean, exponential_clock(7, 2, 500, 10'000)).verdict, "undecided");
}

TEST(Validity, SaysThatAQuotaHeldIt) {
  ValidityInput input{.samples = {second_of(900)}};
  input.samples[0].throttled_share = 0.6;
  const Validity validity = judge_validity(input);
  EXPECT_EQ(validity.word, "generator-limited");
  ASSERT_EQ(validity.reasons.size(), 2u);
  EXPECT_EQ(validity.reasons[1], "the CPU quota of its cgroup held the generator for 60 % of the time");
  input.samples[0].late_sends = 0;
  EXPECT_EQ(judge_validity(input).word, "valid") << "a quota that makes nothing late distorts nothing";
}

TEST(Validity, ShortMemoryTakesThreeSeconds) {
  for (const bool stalled : {true, false}) {
    ValiditySample sample{.available_bytes = 1'000'000, .total_bytes = 1'000'000'000};
    if (stalled) sample = {.memory_stall_share = 0.2};
    ValidityInput input{.samples = {sample, sample}};
    EXPECT_EQ(judge_validity(input).word, "valid");
    input.samples.push_back(sample);
    EXPECT_EQ(judge_validity(input).word, "environment-limited");
  }
}

TEST(Validity, WhatAnApprovalHeldBackWasNotMeasured) {
  ValidityInput input{.samples = {second_of(0)}};
  input.samples[0].held_back = 11;
  EXPECT_EQ(judge_validity(input).word, "environment-limited");
  input.samples[0].held_back = 10;
  EXPECT_EQ(judge_validity(input).word, "valid");
}

TEST(MachineMonitor, ReadsWhatBothVersionsOfCgroupsAndPsiSay) {
  EXPECT_DOUBLE_EQ(throttled_seconds("nr_periods 5\nnr_throttled 2\nthrottled_time 1500000000\n"), 1.5);
  EXPECT_DOUBLE_EQ(throttled_seconds("usage_usec 7\nnr_throttled 2\nthrottled_usec 2500000\n"), 2.5);
  EXPECT_EQ(throttled_seconds(""), -1);
  EXPECT_DOUBLE_EQ(stalled_seconds("some avg10=0.00 total=9000000\nfull avg10=0.00 avg60=1.00 total=3000000\n"), 3);
  EXPECT_EQ(stalled_seconds("some avg10=0.00 total=9000000\n"), -1);
}

TEST(MachineMonitor, FindsItsOwnCgroup) {
  const auto only = [](const std::string& there) { return [there](const std::string& path) { return path == there; }; };
  const std::string v1 = "9:name=systemd:/a\n3:cpuset:/\n1:cpu,cpuacct:/jobs/x\n0::/\n";
  EXPECT_EQ(cpu_stat_path(v1, only("/sys/fs/cgroup/cpu,cpuacct/jobs/x/cpu.stat")),
            "/sys/fs/cgroup/cpu,cpuacct/jobs/x/cpu.stat");
  EXPECT_EQ(cpu_stat_path("1:cpu:/\n", only("/sys/fs/cgroup/cpu/cpu.stat")), "/sys/fs/cgroup/cpu/cpu.stat");
  EXPECT_EQ(cpu_stat_path("0::/user.slice\n", only("/sys/fs/cgroup/user.slice/cpu.stat")),
            "/sys/fs/cgroup/user.slice/cpu.stat");
  EXPECT_EQ(cpu_stat_path("2:cpuset:/x\n", only("/sys/fs/cgroup/cpu/x/cpu.stat")), "");
  EXPECT_EQ(cpu_stat_path("garbage", [](const std::string&) { return true; }), "");
}

TEST(IntervalStats, AHundredThousandKindsOfErrorsAreAHundredAndTheRest) {
  IntervalStats whole;
  std::uint64_t total = 0;
  for (int i = 0; i < 1000; ++i) {
    IntervalStats second;
    for (int k = 0; k < 100; ++k) second.errors["error " + std::to_string(i * 100 + k)] = 3;
    whole.add(second);
    total += 300;
  }
  EXPECT_LE(whole.errors.size(), kMostErrorKinds + 1);
  std::uint64_t kept = 0;
  for (const auto& [kind, count] : whole.errors) kept += count;
  EXPECT_EQ(kept, total);
  EXPECT_EQ(whole.errors.at("other"), total - 300);
}

TEST(BatchHistory, KeepsEverySampleInAtMost32EqualBatches) {
  for (int length = 1; length <= 300; ++length) {
    BatchHistory history;
    for (int i = 0; i < length; ++i) {
      Histogram second;
      second.record(i);
      history.add(second);
    }
    const auto batches = history.batches();
    std::uint64_t total = 0;
    for (const auto& batch : batches) total += batch.total();
    ASSERT_EQ(total, static_cast<std::uint64_t>(length));
    ASSERT_LE(batches.size(), BatchHistory::kMost);
    for (std::size_t i = 0; i + 1 < batches.size(); ++i) ASSERT_EQ(batches[i].total(), batches[0].total()) << length;
  }
}

}  // namespace
}  // namespace tidemark::drive
