// The search on simulated systems: queues with noise, a cliff, a flat one, one that never holds, and a generator that
// gives out first.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "models/search/search_json.h"
#include "tests/unit/models/simulated_system.h"

namespace tidemark::testing {
namespace {

constexpr double kLimit = 0.086;

search::SearchOptions options() {
  return {.slo = {.quantile = 0.99, .limit_us = kLimit * 1e6}};
}

// Slow bursts come and go with the queue: over 24 s the count of slow requests varies 19 times as much as a binomial's,
// so a search of 400 s has a standard error of about 2.5 %.
TEST(Search, FindsTheLimitOfAQueue) {
  QueueSystem system(4, 0.02, 0.6);
  const double truth = true_limit(system, kLimit, 0.01, 100, 200);
  int covered = 0;
  double squares = 0;
  constexpr int kSeeds = 12;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto played = simulate_search(options(), system, seed);
    ASSERT_EQ(played.result.kind, "found") << "seed " << seed;
    EXPECT_NEAR(played.result.rate / truth, 1, 0.10) << "seed " << seed << ", truth " << truth;
    EXPECT_LE(played.lasted_s, options().within_s + 1);
    EXPECT_EQ(played.result.step, "get");
    covered += played.result.low <= truth && truth <= played.result.high ? 1 : 0;
    squares += std::pow(played.result.rate / truth - 1, 2);
    if (std::getenv("SHOW"))
      std::printf("seed %d: %.1f (%.1f to %.1f) truth %.1f, %zu probes %.0f s\n", static_cast<int>(seed),
                  played.result.rate, played.result.low, played.result.high, truth, played.taken.size(),
                  played.lasted_s);
  }
  EXPECT_LE(std::sqrt(squares / kSeeds), 0.035);
  EXPECT_GE(covered, 9) << "of 12 intervals of 95 %";
}

TEST(Search, ASystemWithoutNoiseIsFoundPrecisely) {
  // The share of slow requests depends on the rate alone: 1 % at 500/s.
  FunctionSystem system([](double rate, Random& random) {
    const double share = 0.01 * std::pow(rate / 500, 12);
    return random.uniform() < share ? 0.1 : 0.01;
  });
  const auto played = simulate_search(options(), system, 3);
  ASSERT_EQ(played.result.kind, "found");
  EXPECT_NEAR(played.result.rate, 500, 25);
  EXPECT_LE(played.result.low, 500);
  EXPECT_GE(played.result.high, 500);
}

TEST(Search, ACliffIsFoundAndItsFarSideIsLeftAtOnce) {
  FunctionSystem system([](double rate, Random&) { return rate > 730 ? 1.0 : 0.01; });
  const auto played = simulate_search(options(), system, 1);
  ASSERT_EQ(played.result.kind, "found");
  EXPECT_NEAR(played.result.rate, 730, 0.05 * 730);
  for (const auto& taken : played.taken) {
    if (taken.outcome.probe.rate > 740) EXPECT_LE(taken.outcome.lasted_s, 2) << taken.outcome.probe.rate;
  }
}

TEST(Search, AFlatSystemIsHeldAtTheHighestRate) {
  FunctionSystem system([](double, Random&) { return 0.01; });
  auto flat = options();
  flat.max_rate = 700;
  const auto played = simulate_search(flat, system, 1);
  EXPECT_EQ(played.result.kind, "at-least");
  EXPECT_EQ(played.result.rate, 700);
  EXPECT_EQ(search::exit_code_of(played.result), ExitCode::pass);
  for (const auto& taken : played.taken) EXPECT_LE(taken.outcome.probe.rate, 700);
}

TEST(Search, ASystemThatNeverHoldsIsBelowTheMinimumAfterASecondTry) {
  FunctionSystem system([](double, Random&) { return 0.2; });
  const auto played = simulate_search(options(), system, 1);
  EXPECT_EQ(played.result.kind, "below-minimum");
  EXPECT_EQ(played.result.rate, 0);
  EXPECT_EQ(played.taken.size(), 2U);
  EXPECT_EQ(search::exit_code_of(played.result), ExitCode::gate_failed);
}

TEST(Search, AColdStartIsForgiven) {
  int requests = 0;
  FunctionSystem system([&requests](double rate, Random&) { return ++requests < 30 || rate > 730 ? 1.0 : 0.01; });
  const auto played = simulate_search(options(), system, 1);
  EXPECT_EQ(played.result.kind, "found");
  EXPECT_FALSE(played.taken.front().evidence);
}

TEST(Search, AGeneratorThatGivesOutFirstYieldsNoRate) {
  FunctionSystem system([](double, Random&) { return 0.01; });
  const auto played = simulate_search(options(), system, 1, [](const search::Probe& probe) {
    return probe.rate > 300 ? "generator-limited" : "valid";
  });
  EXPECT_EQ(played.result.kind, "generator-limited");
  EXPECT_EQ(played.result.rate, 0);
  EXPECT_EQ(search::exit_code_of(played.result), ExitCode::invalid_measurement);
  const auto json = search::to_json(options(), "p99=86ms", played.taken, played.result);
  for (const char* number : {"rate", "low", "high"}) EXPECT_FALSE(json.contains(number)) << number;
}

TEST(Search, ALimitBelowTheGeneratorsIsStillFound) {
  FunctionSystem system([](double rate, Random&) { return rate > 200 ? 1.0 : 0.01; });
  const auto played = simulate_search(options(), system, 1, [](const search::Probe& probe) {
    return probe.rate > 300 ? "generator-limited" : "valid";
  });
  ASSERT_EQ(played.result.kind, "found");
  EXPECT_NEAR(played.result.rate, 200, 10);
  EXPECT_FALSE(played.result.notes.empty());  // says that 320/s could not be sent
}

TEST(Search, OneSpoiltRunIsMadeAgain) {
  FunctionSystem system([](double rate, Random&) { return rate > 200 ? 1.0 : 0.01; });
  std::set<int> spoilt = {3, 8};
  const auto played = simulate_search(options(), system, 1, [&](const search::Probe& probe) {
    return spoilt.count(probe.number) > 0 ? "environment-limited" : "valid";
  });
  EXPECT_EQ(played.result.kind, "found");
  EXPECT_EQ(played.taken[2].outcome.probe.rate, played.taken[3].outcome.probe.rate);
  EXPECT_FALSE(played.taken[2].evidence);
}

TEST(Search, AnEnvironmentThatStaysBadEndsIt) {
  FunctionSystem system([](double, Random&) { return 0.01; });
  const auto played = simulate_search(options(), system, 1, [](const search::Probe&) { return "environment-limited"; });
  EXPECT_EQ(played.result.kind, "environment-limited");
  EXPECT_EQ(played.taken.size(), 3U);
}

TEST(Search, NoProbeIsAboveTheHighestRateNorTheTimeOverrun) {
  QueueSystem system(4, 0.02, 0.6);
  auto bounded = options();
  bounded.max_rate = 170;
  bounded.within_s = 120;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto played = simulate_search(bounded, system, seed);
    EXPECT_LE(played.lasted_s, 121);
    for (const auto& taken : played.taken) EXPECT_LE(taken.outcome.probe.rate, 170);
  }
}

TEST(Search, EqualSeedsSearchEqually) {
  QueueSystem system(4, 0.02, 0.6);
  auto brief = options();
  brief.within_s = 100;
  const auto once = simulate_search(brief, system, 7), again = simulate_search(brief, system, 7);
  EXPECT_EQ(search::to_json(brief, "p99=86ms", once.taken, once.result),
            search::to_json(brief, "p99=86ms", again.taken, again.result));
}

}  // namespace
}  // namespace tidemark::testing
