#include "reports/numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "reports/downsample.h"

namespace tidemark::report {
namespace {

TEST(Numbers, GroupThousands) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1'000), "1,000");
  EXPECT_EQ(count(1'234'567), "1,234,567");
  EXPECT_EQ(fixed(-1234.56, 1), "-1,234.6");
  EXPECT_EQ(fixed(-0.01, 1), "0.0");
}

TEST(Numbers, ShowADashForWhatIsNotANumber) {
  const std::string dash = "\xE2\x80\x93";
  for (const double value : {std::nan(""), double{INFINITY}, -double{INFINITY}}) {
    EXPECT_EQ(fixed(value, 1), dash);
    EXPECT_EQ(percent(value), dash);
    EXPECT_EQ(signed_percent(value), dash);
    EXPECT_EQ(duration_us(value), dash);
    EXPECT_EQ(limit_us(value), dash);
    EXPECT_EQ(seconds(value), dash);
    EXPECT_EQ(at_time(value), dash);
  }
}

TEST(Numbers, ChooseTheUnit) {
  EXPECT_EQ(duration_us(430), "430 \xC2\xB5s");
  EXPECT_EQ(duration_us(71'234), "71.2 ms");
  EXPECT_EQ(duration_us(999'499), "999 ms");
  EXPECT_EQ(duration_us(1'800'000), "1.80 s");
  EXPECT_EQ(limit_us(86'000), "86 ms");
  EXPECT_EQ(limit_us(1'500'000), "1.5 s");
  EXPECT_EQ(millis(71'234), "71.2");
  EXPECT_EQ(millis(430), "0.43");
  EXPECT_EQ(at_time(41), "41 s");
  EXPECT_EQ(at_time(125), "2:05");
  EXPECT_EQ(at_time(3'725), "1:02:05");
  EXPECT_EQ(quantile_name(0.99), "p99");
  EXPECT_EQ(quantile_name(0.999), "p99.9");
}

TEST(Numbers, ShowShares) {
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.931), "93 %");
  EXPECT_EQ(percent(0.0042), "0.42 %");
  EXPECT_EQ(percent(0.00001), "< 0.01 %");
  EXPECT_EQ(signed_percent(0.031), "+3.1 %");
  EXPECT_EQ(signed_percent(-0.047),
            "\xE2\x88\x92"
            "4.7 %");
  EXPECT_EQ(counted(1, "node"), "1 node");
  EXPECT_EQ(counted(1'200, "leak"), "1,200 leaks");
  EXPECT_EQ(counted(2, "limit was", "limits were"), "2 limits were");
}

TEST(Downsample, KeepsEveryPeakWithinTheLimit) {
  for (const std::size_t size : {0u, 1u, 29u, 30u, 31u, 1'800u, 1'801u, 3'600u, 86'400u}) {
    const Groups groups = group_points(size, 30);
    EXPECT_LE(groups.starts.size(), 30u);
    std::vector<double> values(size, 1);
    if (size > 0) values[size / 2] = 99;
    const auto reduced = reduce(values, groups, Reduce::max);
    ASSERT_EQ(reduced.size(), groups.starts.size());
    if (size > 0) EXPECT_EQ(*std::max_element(reduced.begin(), reduced.end()), 99) << size;
  }
}

TEST(Downsample, SkipsMissingSamples) {
  const double none = std::nan("");
  const Groups groups = group_points(6, 3);
  const auto most = reduce({1, none, none, none, 3, 5}, groups, Reduce::max);
  EXPECT_EQ(most[0], 1);
  EXPECT_TRUE(std::isnan(most[1]));
  EXPECT_EQ(most[2], 5);
  EXPECT_EQ(reduce({1, none, none, none, 3, 5}, groups, Reduce::mean)[2], 4);
}

}  // namespace
}  // namespace tidemark::report
