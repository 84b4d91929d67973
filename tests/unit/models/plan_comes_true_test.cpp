// The promise of a plan, against ground truth: fit a calibration of 6 s stages, plan, and simulate the chain at the
// planned size and at one node less. Ten seeds, each with its own rate.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "engine/core/random.h"
#include "models/capacity/fit.h"
#include "tests/unit/models/chain_simulator.h"

namespace tidemark::capacity {
namespace {

struct Trial {
  double rate = 0, predicted_ms = 0, measured_ms = 0, less_ms = 0, error = 0;
  std::uint32_t nodes = 0;
  std::string bottleneck, at_plan, at_less;
};

Result<Trial> rehearse(std::uint64_t seed) {
  const auto chain = testing::shop_chain();
  const auto model = fit(testing::calibrate(chain, "product", 240, 6, seed));
  if (!model) return tl::make_unexpected(model.error());
  const double rate = std::round(400 + 500 * Random(seed, "rate").uniform());
  const auto plan = make_plan(*model, {.rate = rate});
  if (!plan) return tl::make_unexpected(plan.error());
  Trial trial{
      .rate = rate, .nodes = plan->services.at("product").nodes_before_headroom, .bottleneck = plan->bottleneck};
  const auto at_plan = testing::simulate(chain, {{"product", trial.nodes}}, {{rate, 60}}, seed * 1000 + 1, "verify");
  const auto at_less =
      testing::simulate(chain, {{"product", trial.nodes - 1}}, {{rate, 60}}, seed * 1000 + 2, "verify");
  const auto held = verify(*plan, plan->predicted, at_plan, false);
  const auto missed = verify(*plan, plan->predicted_less, at_less, true);
  if (!held) return tl::make_unexpected(held.error());
  if (!missed) return tl::make_unexpected(missed.error());
  for (std::size_t i = 0; i < held->steps.size(); ++i) {
    const auto& step = held->steps[i];
    if (std::abs(step.error) > std::abs(trial.error)) trial.error = step.error;
    if (step.measured_us.value / 1000 < trial.measured_ms) continue;
    trial.measured_ms = step.measured_us.value / 1000;
    trial.predicted_ms = step.predicted_us / 1000;
    trial.less_ms = missed->steps[i].measured_us.value / 1000;
  }
  trial.at_plan = held->verdict;
  trial.at_less = missed->verdict;
  return trial;
}

// Sanitizers slow the simulation tenfold: they see the same code in fewer seeds.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kSeeds = 2;
#else
constexpr std::uint64_t kSeeds = 10;
#endif

TEST(PlanComesTrue, AtThePlannedSizeAndNotAtOneNodeLess) {
  std::uint64_t held = 0, missed = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto trial = rehearse(seed);
    ASSERT_TRUE(trial) << trial.error().message();
    std::printf(
        "seed %2llu: %3.0f flows/s -> %u product nodes: p99 predicted %5.1f ms, measured %5.1f ms (largest error "
        "%+4.0f %%), "
        "%s; with one less %6.1f ms, %s\n",
        static_cast<unsigned long long>(seed), trial->rate, trial->nodes, trial->predicted_ms, trial->measured_ms,
        100 * trial->error, trial->at_plan.c_str(), trial->less_ms, trial->at_less.c_str());
    EXPECT_EQ(trial->bottleneck, "product");
    EXPECT_GE(trial->nodes, 3U);
    EXPECT_LE(std::abs(trial->error), 0.25);
    held += trial->measured_ms <= 86;
    missed += trial->less_ms > 86;
  }
  std::printf("SLO held at the planned size in %d of %d, missed with one node less in %d of %d\n",
              static_cast<int>(held), static_cast<int>(kSeeds), static_cast<int>(missed), static_cast<int>(kSeeds));
  EXPECT_GE(held + 1, kSeeds);
  EXPECT_GE(missed + 1, kSeeds);
}

}  // namespace
}  // namespace tidemark::capacity
