#include "models/capacity/fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/models/chain_simulator.h"

namespace tidemark::capacity {
namespace {

using testing::calibrate;
using testing::shop_chain;

constexpr double kCapacity = 240;  // flows per second that one product node carries, about

// One calibration serves all cases that only look at it.
const std::vector<record::RunRecord>& runs() {
  static const auto recorded = calibrate(shop_chain(), "product", kCapacity, 6, 7);
  return recorded;
}
const CapacityModel& model() {
  static const auto fitted = fit(runs()).value();
  return fitted;
}

TEST(Fit, RecoversTheHoldTimeAndItsVariability) {
  const auto& product = model().services.at("product");
  EXPECT_EQ(product.workers, 4U);
  EXPECT_NEAR(product.hold_s.value, 0.0196, 0.0003);  // own 18.5 + cache 0.5 + a third of the time the store's 2 ms
  EXPECT_NEAR(product.hold_cv, 0.617, 0.08);
  EXPECT_NEAR(product.capacity_per_node.value, 204, 4);
  EXPECT_LT(product.capacity_per_node.low, product.capacity_per_node.value);
  EXPECT_GT(product.capacity_per_node.high, product.capacity_per_node.value);
}

TEST(Fit, ChoosesThePoolWhoseSlotsWereSeenFull) {
  const auto& product = model().services.at("product");
  EXPECT_EQ(product.chosen, "pool-limited");
  EXPECT_NE(product.reason.find("4 slots were full"), std::string::npos) << product.reason;
  EXPECT_EQ(product.fits.size(), 4U);
  ASSERT_FALSE(model().notes.empty());
  EXPECT_NE(model().notes.front().find("product was the first to saturate"), std::string::npos)
      << model().notes.front();
}

TEST(Fit, SeesThatCallersHoldTheirSlotWhileProductQueues) {
  const auto& gateway = model().services.at("gateway");
  ASSERT_TRUE(gateway.hold_waits.contains("product"));
  EXPECT_NEAR(gateway.hold_waits.at("product"), 0.85, 0.1);  // 85 % of its requests go there
  EXPECT_TRUE(model().services.at("product").hold_waits.empty());
  EXPECT_TRUE(model().services.at("payment").hold_waits.empty());
}

TEST(Fit, ScalesOutLinearlyWhereNothingIsShared) {
  EXPECT_NEAR(model().services.at("product").scaling_exponent, 1, 0.05);
  EXPECT_TRUE(model().services.at("product").scales_out);
  for (const auto* name : {"store", "cache", "events"}) EXPECT_FALSE(model().services.at(name).scales_out) << name;
}

TEST(Fit, CountsVisitsAndDemandPerFlow) {
  const auto& demand = model().demand;
  EXPECT_EQ(demand.at("browse").at("product").visits, 1);
  EXPECT_FALSE(demand.at("browse").contains("payment"));
  EXPECT_FALSE(demand.at("buy").contains("product"));
  EXPECT_NEAR(demand.at("browse").at("store").visits, 0.3, 0.02);
  EXPECT_NEAR(demand.at("browse").at("product").busy_s.value, 0.0196, 0.0003);
  EXPECT_NEAR(demand.at("buy").at("payment").busy_s.value, 0.0106, 0.0006);
  EXPECT_NEAR(demand.at("browse").at("product").cpu_s.value, 0.0002, 0.00003);
  EXPECT_NEAR(model().mix.at("browse"), 0.85, 0.01);
}

TEST(Fit, TakesTheWaitOutOfTheBase) {
  for (const auto& step : model().steps) {
    if (step.step != "browse") continue;
    // gateway 1 ms + product 19.6 ms, of which nothing is wait.
    EXPECT_NEAR(step.base.mean(), 20'600, 500);
    EXPECT_NEAR(step.path.at("product"), 1, 0.01);
    EXPECT_FALSE(step.path.contains("order"));
  }
}

TEST(Fit, FollowsAHoldThatGrowsWithNodes) {
  // What is shared slows everybody: each further node lengthens every hold by 4 %.
  std::vector<record::RunRecord> slowed;
  for (std::uint32_t count = 1; count <= 3; ++count) {
    auto chain = shop_chain();
    chain.services["product"].mean_ms *= std::pow(count, 0.1);
    std::vector<testing::TrueStage> stages;
    for (const double share : {0.3, 0.45, 0.6, 0.7, 0.75, 0.8}) stages.push_back({200 * count * share, 6});
    slowed.push_back(simulate(chain, {{"product", count}}, stages, 40 + count, "calibration"));
  }
  const auto fitted = fit(slowed);
  ASSERT_TRUE(fitted) << fitted.error().message();
  EXPECT_NEAR(fitted->services.at("product").scaling_exponent, 0.9, 0.04);
}

TEST(Fit, NeedsSixDistinctLoads) {
  const auto one = simulate(shop_chain(), {}, {{40, 6}, {60, 6}, {80, 6}, {100, 6}, {120, 6}}, 1, "calibration");
  const auto fitted = fit({one});
  ASSERT_FALSE(fitted);
  EXPECT_EQ(fitted.error().code, ExitCode::undecided);
  EXPECT_EQ(fitted.error().message(),
            "fit: 5 distinct loads in 1 run(s), at least 6 are needed (calibrate with more load stages)");
}

TEST(Fit, RefusesPartialAndInvalidRuns) {
  auto partial = runs();
  partial[1].partial = true;
  partial[1].damage = {"series.ndjson: 41 bytes from offset 1200 fail their checksum"};
  EXPECT_EQ(fit(partial).error().code, ExitCode::partial_record);
  auto unfinished = runs();
  unfinished[0].stored_summary.reset();
  EXPECT_EQ(fit(unfinished).error().code, ExitCode::partial_record);
  auto invalid = runs();
  invalid[2].stored_summary->validity = "generator-limited";
  EXPECT_EQ(fit(invalid).error().code, ExitCode::invalid_measurement);
  EXPECT_EQ(fit({}).error().code, ExitCode::usage);
}

TEST(Fit, RefusesARunWithoutLoadStagesOrFlows) {
  auto unstaged = runs();
  unstaged[0].events.clear();
  EXPECT_EQ(fit(unstaged).error().code, ExitCode::undecided);
  auto untagged = runs();
  for (auto& run : untagged) {
    for (auto& sample : run.watermarks) sample.flow_requests.clear();
  }
  EXPECT_EQ(fit(untagged).error().code, ExitCode::undecided);
}

TEST(Fit, LeavesOutSecondsThatTheScraperMissed) {
  auto holed = runs();
  for (auto& run : holed) {
    for (std::size_t i = 0; i < run.watermarks.size(); i += 7) {
      WatermarkSample missed{.t_s = run.watermarks[i].t_s};
      missed.node = run.watermarks[i].node;
      missed.service = run.watermarks[i].service;
      missed.missed = true;
      run.watermarks[i] = missed;
    }
  }
  const auto fitted = fit(holed);
  ASSERT_TRUE(fitted) << fitted.error().message();
  EXPECT_NEAR(fitted->services.at("product").hold_s.value, 0.0196, 0.0003);
}

TEST(Fit, SurvivesARecordOfOddShapes) {
  auto odd = runs();
  odd[0].manifest["scenario"] = {{"flows", {1, nullptr, {{"name", 3}, {"steps", {"x"}}}}}};
  odd[0].events.push_back({0, "stage", {{"index", "x"}, {"start_s", nullptr}}});
  odd[0].events.push_back({0, "stage", nlohmann::json::array()});
  const auto fitted = fit(odd);
  EXPECT_TRUE(fitted) << fitted.error().message();
}

}  // namespace
}  // namespace tidemark::capacity
