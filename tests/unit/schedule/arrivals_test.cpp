#include "engine/schedule/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/unit/schedule/statistics.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Scenario scenario_of(Load::Arrivals arrivals, std::vector<Stage> stages, std::vector<double> weights = {1}) {
  Scenario scenario;
  scenario.load.arrivals = arrivals;
  scenario.load.stages = std::move(stages);
  for (const double weight : weights)
    scenario.flows.push_back({"f" + std::to_string(scenario.flows.size()), weight, {}});
  return scenario;
}

Stage stage(double from, double to, Nanos duration) {
  return {Rate::per_second(from), Rate::per_second(to), duration};
}

std::vector<Arrival> drained(const Scenario& scenario, std::uint64_t seed = 1) {
  auto stream = make_arrivals(scenario, seed);
  EXPECT_TRUE(stream) << stream.error().message();
  std::vector<Arrival> all;
  while (auto arrival = (*stream)->next()) all.push_back(*arrival);
  EXPECT_FALSE((*stream)->next()) << "an ended stream stays ended";
  return all;
}

void expect_ordered(const std::vector<Arrival>& all, Nanos end) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].number, i);
    ASSERT_LE(all[i].offset, end);
    if (i > 0) ASSERT_GE(all[i].offset, all[i - 1].offset);
  }
}

TEST(EvenArrivals, StandInTheMiddleOfTheirIntervals) {
  const auto all = drained(scenario_of(Load::Arrivals::even, {stage(10, 10, seconds(1))}));
  ASSERT_EQ(all.size(), 10U);
  for (std::size_t k = 0; k < all.size(); ++k) EXPECT_EQ(all[k].offset, milliseconds(50 + 100 * k));
}

TEST(EvenArrivals, CarryFractionsAcrossStages) {
  // 0.4 a stage: the integral reaches 1/2, 3/2 in the second and fourth stage; 1.6 + 1/2 rounds down to 2 arrivals.
  const auto all = drained(scenario_of(Load::Arrivals::even, std::vector<Stage>(4, stage(0.4, 0.4, seconds(1)))));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].offset, milliseconds(1250));
  EXPECT_EQ(all[1].offset, milliseconds(3750));
}

TEST(EvenArrivals, CountIsTheRoundedIntegral) {
  struct Case {
    std::vector<Stage> stages;
    std::size_t count;
  };
  const std::vector<Case> cases = {
      {{stage(0, 0, seconds(10))}, 0},
      {{stage(0.049, 0.049, seconds(10))}, 0},
      {{stage(0.05, 0.05, seconds(10))}, 1},
      {{stage(0, 100, seconds(10))}, 500},
      {{stage(100, 0, seconds(10))}, 500},
      {{stage(0, 0, seconds(1)), stage(7, 7, seconds(1)), stage(0, 0, seconds(1))}, 7},
      {{stage(333.3, 333.3, milliseconds(1))}, 0},
      {{stage(1e6, 1e6, milliseconds(100))}, 100000},
  };
  for (const Case& c : cases) {
    const auto scenario = scenario_of(Load::Arrivals::even, c.stages);
    const auto all = drained(scenario);
    EXPECT_EQ(all.size(), c.count);
    EXPECT_EQ((*make_arrivals(scenario, 1))->expected_count(), static_cast<double>(c.count));
    expect_ordered(all, scenario.duration());
  }
}

// The inverse against the integral itself: at every arrival the integral has just reached k + 1/2.
TEST(EvenArrivals, InvertTheIntegralOfRandomStages) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed, "stages");
    std::vector<Stage> stages;
    for (std::uint64_t n = 1 + random.below(6); n > 0; --n) {
      const double from = random.below(4) == 0 ? 0 : random.uniform() * 500;
      const double to = random.below(3) == 0 ? from : random.below(4) == 0 ? 0 : random.uniform() * 500;
      stages.push_back(stage(from, to, Nanos(1'000'000 + random.below(3'000'000'000))));
    }
    const auto integral_at = [&](double t_s) {
      double sum = 0;
      for (const Stage& s : stages) {
        const double length = to_seconds(s.duration), r0 = s.from.per_second(), r1 = s.to.per_second();
        const double t = std::clamp(t_s, 0.0, length);
        sum += r0 * t + (r1 - r0) / length * t * t / 2;
        t_s -= length;
      }
      return sum;
    };
    const auto scenario = scenario_of(Load::Arrivals::even, stages);
    const auto all = drained(scenario, seed);
    expect_ordered(all, scenario.duration());
    for (const Arrival& a : all) {
      // Offsets are rounded to 1 ns, worth at most 500 x 1e-9 of the integral.
      ASSERT_NEAR(integral_at(to_seconds(a.offset)), static_cast<double>(a.number) + 0.5, 1e-6) << seed;
    }
  }
}

TEST(Arrivals, AreAFunctionOfLoadAndSeed) {
  for (const auto kind : {Load::Arrivals::poisson, Load::Arrivals::even}) {
    const auto scenario = scenario_of(kind, {stage(500, 900, seconds(3))}, {1, 2, 3});
    const auto a = drained(scenario, 7), b = drained(scenario, 7), other = drained(scenario, 8);
    ASSERT_EQ(a.size(), b.size());
    bool differs = a.size() != other.size();
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].offset, b[i].offset);
      ASSERT_EQ(a[i].flow, b[i].flow);
      differs = differs || a[i].flow != other[i].flow;
    }
    EXPECT_TRUE(differs);
  }
}

TEST(PoissonArrivals, AreTheSameNanosecondsForever) {
  const auto all = drained(scenario_of(Load::Arrivals::poisson, {stage(0, 100, seconds(1))}, {1, 1}), 1);
  std::vector<std::int64_t> offsets;
  std::vector<std::uint32_t> flows;
  for (std::size_t i = 0; i < 5; ++i) {
    offsets.push_back(all[i].offset.count());
    flows.push_back(all[i].flow);
  }
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{188579650, 228905105, 257367128, 336331229, 353532229}));
  EXPECT_EQ(flows, (std::vector<std::uint32_t>{1, 0, 0, 1, 0}));
}

TEST(Arrivals, TimesDoNotDependOnTheFlows) {
  const auto one = drained(scenario_of(Load::Arrivals::poisson, {stage(500, 500, seconds(2))}, {1}));
  const auto two = drained(scenario_of(Load::Arrivals::poisson, {stage(500, 500, seconds(2))}, {1, 9}));
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_EQ(one[i].offset, two[i].offset);
}

TEST(Arrivals, FlowsComeByWeight) {
  const auto all = drained(scenario_of(Load::Arrivals::even, {stage(1000, 1000, seconds(100))}, {80, 15, 5}));
  std::vector<double> counts(3);
  for (const Arrival& a : all) ++counts[a.flow];
  // Four standard deviations of a binomial count.
  EXPECT_NEAR(counts[0], 80000, 4 * std::sqrt(80000 * 0.20));
  EXPECT_NEAR(counts[1], 15000, 4 * std::sqrt(15000 * 0.85));
  EXPECT_NEAR(counts[2], 5000, 4 * std::sqrt(5000 * 0.95));
}

// Counts per 100 ms of a constant rate: index of dispersion, and the counts' own distribution.
TEST(PoissonArrivals, CountsPassChiSquareAtConstantRate) {
  int rejected = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto all = drained(scenario_of(Load::Arrivals::poisson, {stage(1000, 1000, seconds(50))}), seed);
    std::vector<double> counts(500);
    for (const Arrival& a : all) ++counts[static_cast<std::size_t>(a.offset / milliseconds(100))];
    const double mean = static_cast<double>(all.size()) / 500;
    const double statistic = chi_square(counts, mean);
    rejected += statistic > chi_square_quantile(0.995, 499) || statistic < chi_square_quantile(0.005, 499);
    EXPECT_NEAR(static_cast<double>(all.size()), 50000, 5 * std::sqrt(50000));
  }
  EXPECT_LE(rejected, 2) << "at 1 %, 20 runs reject more than twice once in a thousand times";
}

TEST(PoissonArrivals, GapsAreExponential) {
  const auto all = drained(scenario_of(Load::Arrivals::poisson, {stage(2000, 2000, seconds(50))}), 3);
  std::vector<double> deciles(10);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double u = -std::expm1(-2000 * to_seconds(all[i].offset - all[i - 1].offset));
    ++deciles[std::min<std::size_t>(9, static_cast<std::size_t>(u * 10))];
  }
  EXPECT_LT(chi_square(deciles, static_cast<double>(all.size() - 1) / 10), chi_square_quantile(0.999, 9));
}

// Transformed by the integral of its rate, a Poisson process with a moving rate is one of rate 1.
TEST(PoissonArrivals, FollowARamp) {
  const auto all =
      drained(scenario_of(Load::Arrivals::poisson, {stage(0, 1000, seconds(40)), stage(1000, 200, seconds(40))}), 5);
  std::vector<double> counts(100);
  const auto integral = [](double t) {
    if (t <= 40) return 12.5 * t * t;
    return 20000 + 1000 * (t - 40) - 10 * (t - 40) * (t - 40);
  };
  for (const Arrival& a : all)
    ++counts[std::min<std::size_t>(99, static_cast<std::size_t>(integral(to_seconds(a.offset)) / 440))];
  EXPECT_LT(chi_square(counts, static_cast<double>(all.size()) / 100), chi_square_quantile(0.999, 99));
  EXPECT_NEAR(static_cast<double>(all.size()), 44000, 5 * std::sqrt(44000));
}

TEST(PoissonArrivals, NothingComesWhileTheRateIsZero) {
  const auto all = drained(scenario_of(
      Load::Arrivals::poisson, {stage(0, 0, seconds(1)), stage(1000, 1000, seconds(1)), stage(0, 0, seconds(1))}));
  ASSERT_FALSE(all.empty());
  EXPECT_GE(all.front().offset, seconds(1));
  EXPECT_LE(all.back().offset, seconds(2));
}

TEST(Arrivals, StageMarksAreTheStages) {
  const auto stream = make_arrivals(
      scenario_of(Load::Arrivals::poisson, {stage(100, 100, seconds(10)), stage(100, 300, seconds(20))}), 1);
  const auto marks = (*stream)->stages();
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[0].start, Nanos{});
  EXPECT_EQ(marks[0].end, seconds(10));
  EXPECT_EQ(marks[0].rate, Rate::per_second(100));
  EXPECT_EQ(marks[1].start, seconds(10));
  EXPECT_EQ(marks[1].end, seconds(30));
  EXPECT_EQ(marks[1].rate, Rate::per_second(200));
  EXPECT_EQ((*stream)->expected_count(), 5000);
}

TEST(Arrivals, RefuseLoadsThatPlanNone) {
  Scenario closed = scenario_of(Load::Arrivals::even, {});
  closed.load.model = Load::Model::closed;
  EXPECT_EQ(make_arrivals(closed, 1).error().what, "a closed load has no planned arrivals");
  EXPECT_EQ(make_arrivals(scenario_of(Load::Arrivals::even, {}), 1).error().what,
            "an open load needs stages, a sine, bursts, a shape, recorded offsets or a replay");
  EXPECT_EQ(make_arrivals(scenario_of(Load::Arrivals::even, {stage(1, 1, seconds(1))}, {}), 1).error().what,
            "has no flows");
}

}  // namespace
}  // namespace tidemark::schedule
