#include "models/twin/service_time.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/twin/cpu_meter.h"
#include "models/twin/keys.h"
#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

// Mean and variance of what the table says, by the midpoint rule in the tails' logarithm.
struct Moments {
  double mean = 0, variance = 0;
};
Moments moments_of(const QuantileTable& table) {
  double mass = 0, mean = 0, square = 0;
  constexpr int kCuts = 400'000;
  for (int i = 0; i < kCuts; ++i) {
    // t in (-1, 1); u = a smooth map that is dense at both ends.
    const double t = -17 + 34 * (i + 0.5) / kCuts;
    const double u = 1 / (1 + std::exp(-t));
    const double weight = u * (1 - u);
    const double x = table.at(u);
    mass += weight, mean += weight * x, square += weight * x * x;
  }
  mean /= mass;
  return {mean, square / mass - mean * mean};
}

TEST(ServiceTime, TheTableKeepsMeanAndSpread) {
  for (const double cv : {0.1, 0.5, 1.0, 2.0}) {
    const auto moments = moments_of(QuantileTable(lognormal(0.02, cv)));
    EXPECT_NEAR(moments.mean, 0.02e9, 0.02e9 * 2e-5 * (1 + cv)) << cv;
    EXPECT_NEAR(std::sqrt(moments.variance) / moments.mean, cv, 2e-3 * cv * (1 + cv)) << cv;
  }
  const auto moments = moments_of(QuantileTable(exponential(0.005)));
  EXPECT_NEAR(moments.mean, 0.005e9, 0.005e9 * 2e-5);
  EXPECT_NEAR(std::sqrt(moments.variance) / moments.mean, 1, 2e-3);
}

TEST(ServiceTime, TheTableIsTheInverseOfTheDistribution) {
  const QuantileTable table(exponential(1));
  for (const double u : {1e-9, 1e-6, 0.001, 0.3, 0.5, 0.7, 0.99, 0.9999, 0.9999999, 1 - 1e-9}) {
    EXPECT_NEAR(table.at(u), -std::log1p(-u) * 1e9, 1e9 * 1e-4) << u;
  }
  const QuantileTable log_table(lognormal(0.02, 0.6));
  for (const double u : {1e-9, 1e-4, 0.25, 0.5, 0.9, 0.999, 0.99999}) {
    const double exact = log_table.exact_ns(u < 0.5 ? u : 1 - u, u >= 0.5);
    EXPECT_NEAR(log_table.at(u), exact, 1e-4 * 0.02e9) << u;
  }
}

double drawn_mean_s(const ServiceTime& time, int draws = 2'000'000) {
  ServiceTimes times(time, 3, "test");
  double sum = 0;
  for (int i = 0; i < draws; ++i) sum += static_cast<double>(times.draw());
  return sum / draws * 1e-9;
}

TEST(ServiceTime, DrawsHaveTheirMean) {
  EXPECT_NEAR(drawn_mean_s(constant(0.01)), 0.01, 1e-12);
  EXPECT_NEAR(drawn_mean_s(exponential(0.01)), 0.01, 0.01 * 4 / std::sqrt(2e6));
  EXPECT_NEAR(drawn_mean_s(lognormal(0.01, 0.8)), 0.01, 0.01 * 4 * 0.8 / std::sqrt(2e6));
  const ServiceTime bimodal{.kind = ServiceTime::Kind::mixture, .parts = {{9, 0.001, 0.2}, {1, 0.1, 0}}};
  EXPECT_NEAR(mean_s(bimodal), 0.0109, 1e-12);
  EXPECT_NEAR(drawn_mean_s(bimodal), 0.0109, 0.03 * 4 / std::sqrt(2e6));
}

TEST(ServiceTime, AMixtureHasItsParts) {
  ServiceTimes times({.kind = ServiceTime::Kind::mixture, .parts = {{9, 0.001, 0}, {1, 0.1, 0}}}, 3, "test");
  int slow = 0;
  for (int i = 0; i < 100'000; ++i) slow += times.draw() == 100'000'000;
  EXPECT_NEAR(slow, 10'000, 4 * std::sqrt(9000));
}

TEST(ServiceTime, AMeasuredHistogramIsDrawnAsItIs) {
  ServiceTime time{.kind = ServiceTime::Kind::empirical};
  for (int i = 0; i < 1000; ++i) time.histogram.record(std::int64_t{1000 + i * 10});
  time.histogram.record(std::int64_t{50'000}, 100);
  ServiceTimes times(time, 3, "test");
  Histogram drawn;
  for (int i = 0; i < 400'000; ++i) drawn.record(times.draw() / 1000);
  for (const double q : {0.1, 0.5, 0.8, 0.95}) {
    const auto expected = static_cast<double>(time.histogram.quantile(q));
    EXPECT_NEAR(static_cast<double>(drawn.quantile(q)), expected, 0.01 * expected) << q;
  }
}

TEST(ServiceTime, EqualSeedsGiveEqualDrawsAndStreamsAreApart) {
  ServiceTimes a(exponential(1), 9, "a"), again(exponential(1), 9, "a"), b(exponential(1), 9, "b");
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto value = a.draw();
    EXPECT_EQ(value, again.draw());
    same += value == b.draw();
  }
  EXPECT_LT(same, 3);
}

TEST(Keys, ZipfAndHotKeysHaveTheirShares) {
  Bits bits(1, "keys");
  const KeyChoice choice({.count = 100, .skew = 1, .hot = 2, .hot_share = 0.2});
  std::vector<int> seen(100);
  for (int i = 0; i < 1'000'000; ++i) ++seen[choice.draw(bits)];
  double harmonic = 0;
  for (int k = 1; k <= 100; ++k) harmonic += 1.0 / k;
  EXPECT_NEAR(seen[0], 1e6 * (0.8 / harmonic + 0.1), 2500);
  EXPECT_NEAR(seen[9], 1e6 * 0.8 / harmonic / 10, 800);
}

TEST(Keys, AnLruCacheForgetsTheLeastRecentlyUsed) {
  CacheState cache({.capacity = 2}, 10);
  for (const std::uint32_t key : {1U, 2U}) cache.put(0, key);
  EXPECT_TRUE(cache.get(1, 1));
  cache.put(2, 3);
  EXPECT_FALSE(cache.get(3, 2));
  EXPECT_TRUE(cache.get(3, 1));
  EXPECT_TRUE(cache.get(3, 3));
  cache.put(4, 1);  // again: it stays one entry
  cache.put(5, 4);
  EXPECT_FALSE(cache.get(6, 3));
  EXPECT_TRUE(cache.get(6, 1));
}

TEST(Keys, ACacheWithTimeToLiveForgetsByTime) {
  CacheState cache({.ttl = Nanos(100)}, 10);
  cache.put(0, 1);
  EXPECT_TRUE(cache.get(99, 1));
  EXPECT_FALSE(cache.get(100, 1));
}

TEST(CpuMeter, AQuotaSpreadsWorkOverPeriods) {
  CpuMeter half(0.5);
  // 5 ms of each 10 ms: 12 ms of work end 2 ms into the third period.
  EXPECT_EQ(half.finish(0, 12'000'000), 22'000'000);
  EXPECT_EQ(half.finish(0, 1'000'000), 23'000'000) << "behind the first";
  EXPECT_EQ(half.finish(100'000'000, 1'000'000), 101'000'000);
  CpuMeter two(2);
  EXPECT_EQ(two.finish(0, 4'000'000), 4'000'000) << "one piece is not done faster than on one core";
  EXPECT_EQ(two.finish(0, 4'000'000), 4'000'000) << "two cores";
  CpuMeter free(0);
  EXPECT_EQ(free.finish(7, 100), 107);
}

TEST(CpuMeter, ALongRunGetsItsQuota) {
  for (const double quota : {0.3, 1.0, 1.5, 4.0}) {
    CpuMeter meter(quota);
    std::int64_t end = 0;
    for (int i = 0; i < 10'000; ++i) end = meter.finish(0, 1'000'000);
    EXPECT_NEAR(10e9 / static_cast<double>(end), quota, 0.01 * quota) << quota;
  }
}

}  // namespace
}  // namespace tidemark::twin
