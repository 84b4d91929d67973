#include "reports/page/levels.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tidemark::report {
namespace {

WatermarkSample sample(double t, const char* node, double busy, double cpu, std::uint32_t queued = 0) {
  return {.t_s = t,
          .node = node,
          .service = "product",
          .cpu_seconds = cpu,
          .busy_seconds = busy,
          .workers = 8,
          .queued_max = queued};
}

TEST(Levels, AreDifferencesOverTheRealIntervalAndTheFullestNodeCounts) {
  const auto levels = levels_of({sample(0, "product-1", 100, 10), sample(0.1, "product-2", 5, 5),
                                 sample(1, "product-1", 104, 10.5), sample(1.1, "product-2", 11, 5.25, 3)});
  const auto& product = levels.services.at("product");
  ASSERT_EQ(levels.x.size(), 2u);
  EXPECT_TRUE(std::isnan(product.busy_share[0]));  // nothing to take a difference from
  EXPECT_NEAR(product.busy_share[1], 6.0 / 8, 1e-12);
  EXPECT_NEAR(product.cpu[1], 0.5, 1e-12);
  EXPECT_EQ(product.queued[1], 3);
}

TEST(Levels, MissedSecondsStayGapsAndTheNextOneIsAMean) {
  auto missed = sample(1, "product-1", 0, 0);
  missed.missed = true;
  const auto levels = levels_of({sample(0, "product-1", 0, 0), missed, sample(2, "product-1", 8, 1)});
  const auto& product = levels.services.at("product");
  EXPECT_TRUE(std::isnan(product.busy_share[1]));
  EXPECT_NEAR(product.busy_share[2], 0.5, 1e-12);
}

TEST(Levels, ARestartedNodeHasNoNegativeLevel) {
  const auto levels =
      levels_of({sample(0, "product-1", 50, 5), sample(1, "product-1", 1, 0.1), sample(2, "product-1", 5, 0.2)});
  const auto& product = levels.services.at("product");
  EXPECT_TRUE(std::isnan(product.busy_share[1]));
  EXPECT_NEAR(product.busy_share[2], 0.5, 1e-12);
}

TEST(Levels, ADamagedTimeSizesNothing) {
  EXPECT_TRUE(levels_of({sample(1e18, "product-1", 0, 0), sample(-5, "product-1", 0, 0)}).x.empty());
}

TEST(Peak, IsTheFirstOfTheHighest) {
  const Peak peak = peak_of({0, 1, 2, 3}, {std::nan(""), 4, 7, 7});
  EXPECT_TRUE(peak.seen);
  EXPECT_EQ(peak.value, 7);
  EXPECT_EQ(peak.t_s, 2);
  EXPECT_FALSE(peak_of({0}, {std::nan("")}).seen);
}

}  // namespace
}  // namespace tidemark::report
