// The twin from a fitted model against a chain that was simulated by other code: tests/unit/models/chain_simulator.
#include "models/twin/like.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/capacity/fit.h"
#include "models/twin/fitted_system.h"
#include "tests/unit/models/chain_simulator.h"
#include "tests/unit/models/small_model.h"

namespace tidemark::twin {
namespace {

using capacity::CapacityModel;

schedule::Scenario scenario_of(const std::string& yaml) {
  auto scenario = schedule::parse_scenario(yaml, "test.yaml", {});
  EXPECT_TRUE(scenario) << scenario.error().message();
  return *scenario;
}

const Service& service_in(const System& system, const std::string& name) {
  return *std::ranges::find(system.services, name, &Service::name);
}

const CapacityModel& shop_model() {
  static const CapacityModel model = [] {
    auto fitted = capacity::fit(testing::calibrate(testing::shop_chain(), "product", 240, 12, 3));
    EXPECT_TRUE(fitted) << fitted.error().message();
    return *fitted;
  }();
  return model;
}

// A run of the other simulator at a rate, as if it had been sent by a scenario of that rate.
record::RunRecord shop_run(double rate, double seconds) {
  auto run = testing::simulate(testing::shop_chain(), {{"product", 2}}, {{rate, seconds}}, 77, "run");
  const schedule::Scenario scenario =
      scenario_of("name: shop\ntimeout: 30s\nload: {stages: [{rate: " + std::to_string(rate) +
                  ", duration: " + std::to_string(static_cast<int>(seconds)) +
                  "s}]}\nflows:\n  - {name: browse, weight: 85, steps: [{name: browse, get: /browse}]}\n"
                  "  - {name: buy, weight: 15, steps: [{name: buy, get: /buy}]}\n");
  run.manifest["scenario"] = schedule::to_json(scenario);
  run.manifest["seed"] = 77U;
  return run;
}

TEST(FittedSystem, ReadsTheTreeOffTheHolds) {
  const auto scenario = scenario_of(
      "load: {rate: 10, duration: 1s}\nflows:\n  - {name: view, steps: [{name: view, get: /, think: 2s}]}\n");
  const auto system = fitted_system(testing::small_model(), scenario, {{"work", {.nodes = 3, .queue_limit = 9}}});
  ASSERT_TRUE(system) << system.error().message();
  ASSERT_EQ(system->flows.size(), 1U);
  EXPECT_EQ(system->flows[0].steps[0].service, "edge") << "holds longest and is visited once by every flow";
  EXPECT_EQ(system->flows[0].steps[0].think, std::chrono::seconds(2));
  const Operation& edge = service_in(*system, "edge").operations.at(0);
  ASSERT_EQ(edge.then.size(), 1U);
  EXPECT_EQ(edge.then[0].calls[0].service, "work");
  const Service& work = service_in(*system, "work");
  EXPECT_EQ(work.nodes, 3U);
  EXPECT_EQ(work.queue_limit, 9U);
  EXPECT_EQ(work.workers, 4U);
  EXPECT_EQ(work.operations.at(0).then.at(0).calls[0].service, "store");
  EXPECT_NEAR(mean_s(work.operations[0].time), 0.018, 1e-4) << "its hold less the store's";
  EXPECT_TRUE(check_system(*system));
}

TEST(FittedSystem, SaysWhatItCannotSimulate) {
  const auto scenario = scenario_of(
      "load: {model: closed, users: 3, duration: 1s}\nflows:\n  - {name: other, steps: [{name: other, get: /}]}\n");
  const auto system = fitted_system(testing::small_model(), scenario, {});
  ASSERT_FALSE(system);
  EXPECT_EQ(system.error().code, ExitCode::usage);
  EXPECT_EQ(system.error().message(),
            "a closed load has no arrivals of its own to simulate\nstep other: the model has not seen it");
}

TEST(Like, ARunUnderAndAtTheKneeComesOutAsItWas) {
  for (const double rate : {250.0, 400.0}) {  // 0.53 and 0.85 of what two nodes of product carry
    const auto result = simulate_like(shop_run(rate, 120), shop_model(), {.replicas = 5});
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_FALSE(result->past_knee);
    ASSERT_EQ(result->steps.size(), 2U);
    for (const StepComparison& step : result->steps) {
      for (const Compared* compared : {&step.rate, &step.goodput, &step.refused, &step.p50_us, &step.p99_us}) {
        EXPECT_EQ(compared->verdict, "within")
            << step.step << " at " << rate << ": " << compared->live << " live, " << compared->twin << " in the twin";
      }
    }
    EXPECT_TRUE(result->holds());
  }
}

TEST(Like, PastTheKneeQuantilesAreShownAndNotJudged) {
  const auto result = simulate_like(shop_run(560, 30), shop_model(), {.replicas = 2});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(result->past_knee);
  for (const StepComparison& step : result->steps) {
    EXPECT_EQ(step.p99_us.verdict, "not judged");
    EXPECT_GT(step.p99_us.live, 0);
  }
}

TEST(Like, AWrongModelIsFoundOut) {
  CapacityModel slower = shop_model();
  slower.services.at("product").hold_s.value *= 1.2;
  for (auto& [flow, demand] : slower.demand) {
    if (demand.contains("product")) demand.at("product").busy_s.value *= 1.2;
  }
  const auto result = simulate_like(shop_run(400, 60), slower, {.replicas = 2});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_FALSE(result->holds());
}

TEST(Like, SameSeedSameAnswer) {
  const record::RunRecord run = shop_run(250, 10);
  const auto once = simulate_like(run, shop_model(), {.seed = 5, .replicas = 2});
  const auto again = simulate_like(run, shop_model(), {.seed = 5, .replicas = 2});
  ASSERT_TRUE(once && again);
  EXPECT_EQ(to_json(*once).dump(), to_json(*again).dump());
  const auto json = to_json(*once);
  EXPECT_EQ(json["schema"], "tidemark.twin-like/1");
  EXPECT_EQ(json["steps"][0]["rate"]["limit"], 0.03);
  EXPECT_EQ(json["steps"][0]["p99_us"]["limit"], 0.15);
}

TEST(Like, RefusesWhatIsNoMeasurement) {
  record::RunRecord run = shop_run(250, 10);
  run.stored_summary->validity = "generator-limited";
  const auto limited = simulate_like(run, shop_model(), {});
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, ExitCode::invalid_measurement);
  run = shop_run(250, 10);
  run.manifest.erase("seed");
  EXPECT_EQ(simulate_like(run, shop_model(), {}).error().code, ExitCode::usage);
}

}  // namespace
}  // namespace tidemark::twin
