// The false trips of each published rule, as computed in the literature, come out of our implementations. Small
// samples; scripts/prove breakers makes large ones.
#include "tests/unit/guard/false_trips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tidemark::guard {
namespace {

class PublishedTable : public testing::TestWithParam<PublishedTrips> {};

TEST_P(PublishedTable, ComesOutWithinTheSamplingError) {
  const PublishedTrips& cell = GetParam();
  const double hours = cell.rate > 50 ? 4 : 60;
  const FalseTrips found = false_trips(*default_breaker(cell.kind), Rate::per_second(cell.rate), cell.p, hours, 5);
  const double expected = cell.per_hour * hours;
  // Four standard deviations of a count, and half a unit of the last digit that was published.
  const double rounding = (cell.per_hour >= 5 ? 0.5 : 0.05) * hours;
  EXPECT_NEAR(static_cast<double>(found.trips), expected, 4 * std::sqrt(std::max(expected, 1.0)) + rounding);
  if (cell.refused >= 0) {
    const double spread = 4 * cell.refused / std::sqrt(std::max(expected, 1.0));
    EXPECT_NEAR(found.refused_share(), cell.refused, std::min(spread, 1.0) + (cell.refused >= 0.1 ? 0.005 : 0.0005));
  }
}

std::string name_of(const testing::TestParamInfo<PublishedTrips>& info) {
  return std::string(info.param.kind) + "_" + std::to_string(static_cast<int>(info.param.rate)) + "rps_p" +
         std::to_string(static_cast<int>(std::lround(info.param.p * 100)));
}

INSTANTIATE_TEST_SUITE_P(Rules, PublishedTable, testing::ValuesIn(kPublishedTrips), name_of);

}  // namespace
}  // namespace tidemark::guard
