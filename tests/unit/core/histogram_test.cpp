#include "engine/core/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/core/random.h"

namespace tidemark {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.total(), 0u);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.quantile(0.99), 0);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, CountsNegativeValuesAsZero) {
  Histogram histogram;
  histogram.record(-1);
  histogram.record(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(histogram.total(), 2u);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.count_at_or_below(0), 2u);
  EXPECT_EQ(histogram.count_at_or_below(-1), 0u);
}

TEST(Histogram, ClampsAboveTheHighestAndSaysSo) {
  Histogram histogram(3, 1000);
  histogram.record(1001, 5);
  histogram.record(1000, 2);
  EXPECT_EQ(histogram.clamped(), 5u);
  EXPECT_EQ(histogram.total(), 7u);
  EXPECT_EQ(histogram.max(), 1000);
  histogram.add(histogram);
  EXPECT_EQ(histogram.clamped(), 10u);
  EXPECT_EQ(histogram.total(), 14u);
}

TEST(Histogram, AddingAFullRangeDoesNotClampAnew) {
  Histogram one, other;
  other.record(other.highest_trackable(), 3);
  one.record(one.highest_trackable());
  one.add(other);
  EXPECT_EQ(one.total(), 4u);
  EXPECT_EQ(one.clamped(), 0u);
}

TEST(Histogram, SaturatesInsteadOfWrapping) {
  Histogram histogram;
  histogram.record(5, std::numeric_limits<std::uint64_t>::max());
  histogram.record(6, 10);
  EXPECT_EQ(histogram.total(), static_cast<std::uint64_t>(kLargest));
  histogram.add(histogram);
  EXPECT_EQ(histogram.total(), static_cast<std::uint64_t>(kLargest));
  EXPECT_EQ(histogram.quantile(1), 5);
  const auto back = Histogram::decode(histogram.encode());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, histogram);
}

TEST(Histogram, CoversEveryPowerOfTwoAndItsNeighbours) {
  for (int digits = 1; digits <= 4; ++digits) {
    for (int bit = 0; bit < 63; ++bit) {
      for (const std::int64_t nudge : {-1, 0, 1}) {
        const std::int64_t value = (std::int64_t{1} << bit) + nudge;
        Histogram histogram(digits, kLargest);
        histogram.record(value);
        const auto buckets = histogram.buckets();
        ASSERT_EQ(buckets.size(), 1u);
        ASSERT_LE(buckets[0].low, value);
        ASSERT_GE(buckets[0].high, value);
        const double width = static_cast<double>(buckets[0].high - buckets[0].low);
        ASSERT_LE(width, static_cast<double>(value) / std::pow(10, digits)) << digits << " digits, value " << value;
        ASSERT_EQ(histogram.max(), buckets[0].high);
        ASSERT_EQ(histogram.min(), buckets[0].low);
        ASSERT_EQ(histogram.count_at_or_below(value), 1u);
      }
    }
    Histogram top(digits, kLargest);
    top.record(kLargest);
    EXPECT_EQ(top.max(), kLargest);
  }
}

TEST(Histogram, BucketsTileTheRangeWithoutGapOrOverlap) {
  Histogram histogram(1, 100'000);
  for (std::int64_t value = 0; value <= 100'000; ++value) histogram.record(value);
  std::int64_t next = 0;
  std::uint64_t counted = 0;
  for (const auto& bucket : histogram.buckets()) {
    ASSERT_EQ(bucket.low, next);
    next = bucket.high + 1;
    counted += bucket.count;
  }
  EXPECT_GT(next, 100'000);
  EXPECT_EQ(counted, histogram.total());
}

TEST(Histogram, QuantilesPickRanksExactly) {
  Histogram histogram;
  for (int value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.quantile(0), 1);
  EXPECT_EQ(histogram.quantile(0.07), 7);  // 0.07 * 100 is 7.000000000000001 in floating point
  EXPECT_EQ(histogram.quantile(0.5), 50);
  EXPECT_EQ(histogram.quantile(0.501), 51);
  EXPECT_EQ(histogram.quantile(0.99), 99);
  EXPECT_EQ(histogram.quantile(1), 100);
  EXPECT_EQ(histogram.quantile(2), 100);
  EXPECT_EQ(histogram.quantile(-1), 1);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
  EXPECT_EQ(histogram.count_at_or_below(42), 42u);
  EXPECT_EQ(histogram.count_at_or_below(kLargest), 100u);
}

struct Distribution {
  const char* name;
  std::function<double(Random&)> draw;  // microseconds
};

std::vector<Distribution> twenty_distributions() {
  std::vector<Distribution> list;
  for (const double mean : {3.0, 250.0, 40'000.0, 2e6}) {
    list.push_back({"uniform", [mean](Random& r) { return 2 * mean * r.uniform(); }});
    list.push_back({"exponential", [mean](Random& r) { return r.exponential(mean); }});
    list.push_back({"lognormal", [mean](Random& r) { return r.lognormal(mean, 1.5); }});
    list.push_back({"two peaks", [mean](Random& r) { return r.uniform() < 0.9 ? mean : 100 * mean; }});
    list.push_back({"Pareto", [mean](Random& r) { return mean / std::pow(1 - r.uniform(), 0.7); }});
  }
  return list;
}

TEST(Histogram, PercentilesAgreeWithAnExactSortWithinATenthOfAPercent) {
  const auto distributions = twenty_distributions();
  ASSERT_EQ(distributions.size(), 20u);
  for (std::size_t which = 0; which < distributions.size(); ++which) {
    Random random(which, distributions[which].name);
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20'000; ++i) {
      const double drawn = std::min(distributions[which].draw(random), 3.6e9);
      values.push_back(static_cast<std::int64_t>(drawn));
      histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.001, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(std::nextafter(q, 0.0) * 20'000));
      const auto exact = static_cast<double>(values[rank - 1]);
      const auto found = static_cast<double>(histogram.quantile(q));
      ASSERT_GE(found, exact) << distributions[which].name << " q " << q;
      ASSERT_LE(found - exact, exact * 0.001) << distributions[which].name << " q " << q;
    }
  }
}

TEST(Histogram, MergeIsTheUnionExactly) {
  Random random(7, "merge");
  for (int round = 0; round < 100; ++round) {
    const int digits = 1 + static_cast<int>(random.below(4));
    Histogram all(digits), merged(digits);
    for (int part = 0; part < 5; ++part) {
      Histogram piece(digits);
      for (std::uint64_t i = random.below(200); i > 0; --i) {
        const auto value = static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(34)));
        piece.record(value);
        all.record(value);
      }
      merged.add(piece);
    }
    ASSERT_EQ(merged, all);
    ASSERT_EQ(merged.clamped(), all.clamped());
    ASSERT_EQ(merged.encode(), all.encode());
  }
}

TEST(Histogram, MergeTakesOverALargerRangeAndOtherDigits) {
  Histogram narrow(3, 1000), wide(3, 1'000'000);
  wide.record(500'000);
  narrow.add(wide);
  EXPECT_EQ(narrow.clamped(), 0u);
  EXPECT_EQ(narrow, wide);

  Histogram coarse(2), fine(4);
  for (int value = 1; value < 100'000; value += 7) fine.record(value);
  Histogram direct(2);
  for (int value = 1; value < 100'000; value += 7) direct.record(value);
  coarse.add(fine);
  EXPECT_EQ(coarse, direct);
}

TEST(Histogram, ResetEmptiesIt) {
  Histogram histogram(3, 1000);
  histogram.record(2000);
  histogram.reset();
  EXPECT_EQ(histogram, Histogram(3, 1000));
  EXPECT_EQ(histogram.clamped(), 0u);
}

TEST(Histogram, SevenNumbersOfAClock) {
  Histogram histogram;
  for (int value = 1; value <= 1000; ++value) histogram.record(value);
  const Quantiles q = quantiles_of(histogram);
  EXPECT_EQ(q.count, 1000u);
  EXPECT_EQ(q.p50, 500);
  EXPECT_EQ(q.p90, 900);
  EXPECT_EQ(q.p95, 950);
  EXPECT_EQ(q.p99, 990);
  EXPECT_EQ(q.p999, 999);
  EXPECT_EQ(q.max, 1000);
  EXPECT_EQ(q.mean, 500.5);
}

}  // namespace
}  // namespace tidemark
