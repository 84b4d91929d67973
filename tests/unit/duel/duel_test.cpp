// The duel's parts: the best possible, the search, the pairs; and a small duel on the bundled systems.
#include "models/duel/duel.h"

#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "models/duel/tuning.h"
#include "models/twin/system_file.h"

namespace tidemark::duel {
namespace {

using std::chrono::seconds;

twin::System bundled(const std::string& name) {
  auto system = twin::load_system(TIDEMARK_SOURCE_DIR "/scenarios/library/duel-" + name + ".twin.yaml");
  EXPECT_TRUE(system.has_value()) << (system ? "" : system.error().message());
  return system.value_or(twin::System{});
}

TEST(DuelOracle, KnowsTheCapacityOfTheBundledSystems) {
  EXPECT_NEAR(Oracle::of(bundled("chain"))->capacity_rps(), 1600, 1e-6);
  EXPECT_NEAR(Oracle::of(bundled("fan-out"))->capacity_rps(), 1600, 1e-6);
  EXPECT_NEAR(Oracle::of(bundled("several-calls"))->capacity_rps(), 1600.0 / 3, 1e-6);
}

TEST(DuelOracle, ServesTheImportantFirst) {
  const auto oracle = Oracle::of(bundled("chain"));
  ASSERT_TRUE(oracle.has_value());
  const auto calm = oracle->optimum_rps(800);
  EXPECT_NEAR(calm[0], 80, 1e-6);
  EXPECT_NEAR(calm[2], 480, 1e-6);
  const auto twice = oracle->optimum_rps(3200);
  EXPECT_NEAR(twice[0], 320, 1e-6);
  EXPECT_NEAR(twice[1], 640, 1e-6);
  EXPECT_NEAR(twice[2], 640, 1e-6) << "what is left of 1,600";
  EXPECT_NEAR(twice[3], 0, 1e-6);
}

TEST(DuelOracle, CountsTheWaitForAnswersWhereTheWorkerIsHeld) {
  twin::System system = bundled("chain");
  system.services[1].workers = 8;
  system.services[1].operations[0].hold_worker = true;
  // 4 ms of its own, 10 ms of the store, 2 x 0.25 ms of network: 16 workers / 14.5 ms.
  EXPECT_NEAR(Oracle::of(system)->capacity_rps(), 16 / 0.0145, 1e-6);
}

TEST(DuelOracle, RefusesWhatItCannotKnow) {
  twin::System system = bundled("chain");
  system.services[2].cpu_quota = 0.5;
  const auto oracle = Oracle::of(system);
  ASSERT_FALSE(oracle.has_value());
  EXPECT_NE(oracle.error().message().find("service 'store' has a CPU quota"), std::string::npos)
      << oracle.error().message();
  EXPECT_EQ(oracle.error().code, ExitCode::usage);
}

TEST(DuelEstimate, IsTheMeanWithStudentsInterval) {
  const Estimate estimate = estimate_of({1, 2, 3});
  EXPECT_DOUBLE_EQ(estimate.mean, 2);
  EXPECT_NEAR(estimate.high - 2, 4.302653 / std::sqrt(3.0), 1e-5);
  EXPECT_NEAR(2 - estimate.low, 4.302653 / std::sqrt(3.0), 1e-5);
}

TEST(DuelTuning, DrawsValidSettingsWithinAFactorOfFiveAndKeepsPromises) {
  Random random(7, "test");
  for (const std::string_view kind : guard::limiter_kinds()) {
    const auto base = *guard::default_limiter(kind);
    for (int i = 0; i < 50; ++i) {
      const auto drawn = drawn_near(base, random);
      EXPECT_EQ(drawn.kind(), kind);
      EXPECT_TRUE(guard::parse_limiter(guard::to_json(drawn), "here").has_value());
    }
  }
  const auto drawn = drawn_near(*guard::default_limiter("tide"), random);
  const auto& tide = std::get<guard::TideSettings>(drawn.rule);
  EXPECT_EQ(tide.evidence, guard::TideSettings{}.evidence);
  EXPECT_NE(tide.settle, guard::TideSettings{}.settle);
  EXPECT_GE(to_seconds(tide.settle), 0.1 / 5 - 1e-9);
  EXPECT_LE(to_seconds(tide.settle), 0.1 * 5 + 1e-9);
}

TEST(DuelTuning, FindsABetterSettingAndSaysFromWhere) {
  const auto system = bundled("chain");
  const auto oracle = Oracle::of(system);
  const Arena arena{system, *oracle, {"store"}};
  const auto tuned = tune(arena, {.rule = guard::FixedSettings{.max = 100}}, 8, 1, 1000);
  ASSERT_TRUE(tuned.has_value());
  EXPECT_EQ(tuned->tried, 8U);
  EXPECT_GE(tuned->score, tuned->base_score);
}

TEST(DuelContest, EqualSeedsGiveEqualRounds) {
  const auto system = bundled("fan-out");
  const auto oracle = Oracle::of(system);
  const Arena arena{system, *oracle, {"inventory", "price"}};
  const Course course{.name = "2x", .stages = {{2, seconds(2)}}, .measured_from = seconds(1)};
  const auto tide = *guard::default_limiter("tide");
  const auto first = run_round(arena, tide, course, 3), again = run_round(arena, tide, course, 3);
  ASSERT_TRUE(first.has_value() && again.has_value());
  EXPECT_EQ(first->good, again->good);
  EXPECT_EQ(first->refused, again->refused);
  EXPECT_EQ(first->good_rps, again->good_rps);
  EXPECT_NE(run_round(arena, tide, course, 4)->good_rps, first->good_rps);
  EXPECT_NEAR(static_cast<double>(first->good_rps.size()), 20, 1);
}

TEST(Duel, TideKeepsOrdersAndWhatItBeganWhereAFixedLimitDoesNot) {
  for (const char* name : {"chain", "fan-out", "several-calls"}) {
    const auto system = bundled(name);
    const auto oracle = Oracle::of(system);
    Arena arena{system, *oracle};
    for (const auto& service : system.services) {
      if (service.guard.limiter) arena.guarded.push_back(service.name);
    }
    const DuelPlan plan{
        .contenders = {{"tide", starting_point(arena, "tide")}, {"fixed", starting_point(arena, "fixed")}},
        .seeds = 4,
        .tune = 1,
        .calm = seconds(20),
        .overload = seconds(3)};
    const auto result = run_duel(arena, plan, [](const std::string&) {});
    ASSERT_TRUE(result.has_value()) << result.error().message();
    const auto& tide = result->contenders[0];
    const auto& fixed = result->contenders[1];
    for (const Overload& at : tide.overloads) EXPECT_GE(at.share.mean, 0.9) << name << " at " << at.load;
    EXPECT_GE(tide.overloads[0].passed[0], 0.999) << name;
    EXPECT_EQ(tide.calm_refused, 0U) << name;
    EXPECT_GT(fixed.overloads[0].first_more_value.low, 0.1) << name;
    EXPECT_GE(tide.recovery_ms, 0) << name;
    const auto json = to_json(*result);
    EXPECT_EQ(json["contenders"][1]["overloads"][0]["first_more_value"]["mean"],
              fixed.overloads[0].first_more_value.mean);
  }
}

}  // namespace
}  // namespace tidemark::duel
