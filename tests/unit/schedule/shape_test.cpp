#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <cmath>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/schedule/arrivals.h"
#include "engine/schedule/time_series.h"
#include "tests/unit/schedule/statistics.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// (start, end, count) of every point.
std::vector<std::vector<double>> points_of(const std::string& csv) {
  const auto series = parse_time_series(csv, "c.csv");
  if (!series) {
    ADD_FAILURE() << series.error().message();
    return {};
  }
  std::vector<std::vector<double>> points;
  for (const auto& point : series->points) points.push_back({point.start, point.end, point.count});
  return points;
}

using Points = std::vector<std::vector<double>>;

TEST(TimeSeries, ReadsEpochsAndIso8601WithOrWithoutHeader) {
  const Points minutes = {{0, 60, 5}, {60, 120, 0}, {120, 180, 7.5}};
  EXPECT_EQ(points_of("epoch,count\n893971800,5\n893971860,0\n893971920,7.5\n"), minutes);
  EXPECT_EQ(points_of("893971800,5\r\n893971860,0\r\n893971920,7.5"), minutes);
  EXPECT_EQ(points_of("\xef\xbb\xbft,c\n2015-02-26 21:42:53,5\n2015-02-26 21:43:53,0\n\n2015-02-26T21:44:53Z,7.5\n"),
            minutes);
  EXPECT_EQ(points_of("\"ds\",\"y\"\n\"2015-02-26T23:59:00+02:00\", "
                      "5\n\"2015-02-26T22:00:00.000+0000\",0\n\"2015-02-26T17:01-05\",7.5\n"),
            minutes);
  EXPECT_EQ(points_of("2024-02-28,1\n2024-02-29,2\n2024-03-01,3\n"),
            (Points{{0, 86400, 1}, {86400, 172800, 2}, {172800, 259200, 3}}));
}

TEST(TimeSeries, SortsSumsAndNotesIt) {
  const auto series = parse_time_series("20,2\n10,1\n30,3\n20,4\n", "c.csv");
  ASSERT_TRUE(series);
  ASSERT_EQ(series->points.size(), 3U);
  EXPECT_EQ(series->points[1].count, 6);
  EXPECT_THAT(series->notes, ElementsAre("2 rows stood before an earlier one: sorted by time",
                                         "1 rows repeat a time: their counts were added up"));
}

TEST(TimeSeries, TakesAGapAsATimeWithoutTraffic) {
  const auto series = parse_time_series("0,1\n10,2\n20,3\n60,4\n70,5\n", "c.csv");
  ASSERT_TRUE(series);
  EXPECT_EQ(points_of("0,1\n10,2\n20,3\n60,4\n70,5\n"),
            (Points{{0, 10, 1}, {10, 20, 2}, {20, 30, 3}, {30, 60, 0}, {60, 70, 4}, {70, 80, 5}}));
  EXPECT_THAT(series->notes, ElementsAre("1 gaps in the record: taken as times without traffic"));
}

TEST(TimeSeries, SmallIrregularitiesOnlyMoveTheBorders) {
  EXPECT_EQ(points_of("0,1\n10,2\n21,3\n30,4\n40,5\n"),
            (Points{{0, 10, 1}, {10, 21, 2}, {21, 30, 3}, {30, 40, 4}, {40, 50, 5}}));
}

TEST(TimeSeries, OneRowIsAConstant) {
  EXPECT_EQ(points_of("5,3"), (Points{{0, 1, 3}}));
}

TEST(TimeSeries, RefusesMalformedRowsWithTheirLines) {
  const auto error_of = [](const std::string& csv) { return parse_time_series(csv, "c.csv").error().message(); };
  EXPECT_EQ(error_of(""), "c.csv: holds no rows of (time, count)");
  EXPECT_EQ(error_of("time,count\n"), "c.csv: holds no rows of (time, count)");
  EXPECT_EQ(error_of("t,c\n1,2\n1\n2,x\nx,2\n3,-1\n4,5,6\n5,inf\n2015-13-01,2\n2015-01-01,2\n"),
            "c.csv:3: expected two columns (time, count), found 1\n"
            "c.csv:4: 'x' is not a count (a number >= 0)\n"
            "c.csv:5: 'x' is neither a number nor an ISO 8601 time\n"
            "c.csv:6: '-1' is not a count (a number >= 0)\n"
            "c.csv:7: expected two columns (time, count), found 3\n"
            "c.csv:8: 'inf' is not a count (a number >= 0)\n"
            "c.csv:9: '2015-13-01' is neither a number nor an ISO 8601 time\n"
            "c.csv:10: numbers and ISO 8601 times are mixed");
  std::string many = "t,c\n";
  for (int i = 0; i < 30; ++i) many += "x,1\n";
  EXPECT_TRUE(error_of(many).ends_with(
      "c.csv:21: 'x' is neither a number nor an ISO 8601 time\nc.csv: and 10 more malformed rows"));
}

TEST(TimeSeries, RefusesTimesThatAreNone) {
  for (const std::string time :
       {"2015-02-29", "2015-1-1", "2015-01-01T", "2015-01-01T25:00", "2015-01-01 10", "2015-01-01 10:61",
        "2015-01-01 10:00:61", "2015-01-01 10:00+", "2015-01-01 10:00+24", "2015-01-01 10:00:00.", "nan", "1e999"}) {
    EXPECT_FALSE(parse_time_series("1,1\n" + time + ",1\n", "c.csv")) << time;
  }
}

Shape shape_of(const std::string& file, Nanos duration, std::optional<double> mean, std::optional<double> peak) {
  Shape shape{file, duration, std::nullopt, std::nullopt};
  if (mean) shape.mean = Rate::per_second(*mean);
  if (peak) shape.peak = Rate::per_second(*peak);
  return shape;
}

TEST(Shape, ScalesToTheMeanOrToTheHighestBin) {
  const auto series = parse_time_series("0,10\n60,30\n120,20\n", "c.csv");
  const auto mean = fit_shape(*series, shape_of("c", seconds(6), 100, {}));
  ASSERT_TRUE(mean);
  EXPECT_EQ((*mean)[1].start, seconds(2));
  EXPECT_EQ((*mean)[2].end, seconds(6));
  EXPECT_DOUBLE_EQ((*mean)[0].expected, 100);
  EXPECT_DOUBLE_EQ((*mean)[1].expected, 300);
  const auto peak = fit_shape(*series, shape_of("c", seconds(6), {}, 100));
  EXPECT_DOUBLE_EQ((*peak)[1].expected, 200) << "100 a second for two seconds";
  EXPECT_FALSE(fit_shape(*parse_time_series("0,0\n1,0\n", "c.csv"), shape_of("c", seconds(1), 1, {})));
  EXPECT_FALSE(fit_shape(*series, shape_of("c", seconds(1), 1e13, {})));
}

class ShapeFile : public testing::Test {
 protected:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() /
      (std::string("tidemark-shape-") + testing::UnitTest::GetInstance()->current_test_info()->name() + "-" +
       std::to_string(getpid()) + ".csv");
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  Scenario scenario(Load::Arrivals arrivals, const Shape& shape) {
    Scenario result;
    result.flows = {{"a", 1, {}}};
    result.load.arrivals = arrivals;
    result.load.shape = shape;
    return result;
  }
};

struct Binned {
  std::vector<ShapeBin> bins;
  std::vector<std::vector<double>> shares;  // per bin: where in it the arrivals stand, [0, 1)
};

Binned binned(const Scenario& scenario, std::uint64_t seed) {
  const Shape& shape = *scenario.load.shape;
  Binned result{*fit_shape(*load_time_series(shape.file), shape), {}};
  result.shares.resize(result.bins.size());
  auto stream = make_arrivals(scenario, seed);
  EXPECT_TRUE(stream);
  std::size_t bin = 0;
  std::uint64_t count = 0;
  Nanos last{};
  while (const auto arrival = (*stream)->next()) {
    EXPECT_GE(arrival->offset, last);
    EXPECT_EQ(arrival->number, count++);
    last = arrival->offset;
    while (bin < result.bins.size() && arrival->offset >= result.bins[bin].end) ++bin;
    if (bin == result.bins.size()) {
      ADD_FAILURE() << "beyond the end";
      break;
    }
    const Nanos length = result.bins[bin].end - result.bins[bin].start;
    result.shares[bin].push_back(static_cast<double>((arrival->offset - result.bins[bin].start).count()) /
                                 static_cast<double>(length.count()));
  }
  EXPECT_EQ((*stream)->expected_count(), static_cast<double>(count));
  return result;
}

void expect_integral_within_one(const Binned& result) {
  double integral = 0;
  std::size_t planned = 0;
  for (std::size_t i = 0; i < result.bins.size(); ++i) {
    integral += result.bins[i].expected;
    planned += result.shares[i].size();
    ASSERT_NEAR(static_cast<double>(result.shares[i].size()), result.bins[i].expected, 1) << i;
    ASSERT_NEAR(static_cast<double>(planned), integral, 0.5 + 1e-6) << i;
  }
}

TEST_F(ShapeFile, PlansTheIntegralOfEveryBin) {
  write("t,c\n0,3\n10,0\n20,250\n30,1000\n70,333\n80,1\n");
  for (const auto kind : {Load::Arrivals::poisson, Load::Arrivals::even}) {
    for (const double mean : {0.3, 7.7, 1234.5}) {
      expect_integral_within_one(binned(scenario(kind, shape_of(path_, seconds(9), mean, {})), 3));
    }
  }
}

TEST_F(ShapeFile, EvenArrivalsStandEvenlyInTheirBin) {
  write("0,2\n10,4\n");
  const auto result = binned(scenario(Load::Arrivals::even, shape_of(path_, seconds(2), 3, {})), 1);
  EXPECT_THAT(result.shares[0], ElementsAre(0.25, 0.75));
  EXPECT_THAT(result.shares[1], ElementsAre(0.125, 0.375, 0.625, 0.875));
}

TEST_F(ShapeFile, OneMarkForTheWhole) {
  write("0,2\n10,4\n");
  const auto stream = make_arrivals(scenario(Load::Arrivals::even, shape_of(path_, seconds(2), 3, {})), 1);
  const auto marks = (*stream)->stages();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0].end, seconds(2));
  EXPECT_EQ(marks[0].rate, Rate::per_second(3));
}

TEST_F(ShapeFile, WhatWasMendedIsNoted) {
  write("0,2\n20,4\n10,1\n");
  const auto stream = make_arrivals(scenario(Load::Arrivals::even, shape_of(path_, seconds(2), 3, {})), 1);
  EXPECT_THAT((*stream)->notes(), ElementsAre("1 rows stood before an earlier one: sorted by time"));
}

TEST_F(ShapeFile, SameSeedSameSchedule) {
  write("0,200\n10,400\n");
  const auto s = scenario(Load::Arrivals::poisson, shape_of(path_, seconds(2), 300, {}));
  EXPECT_EQ(binned(s, 5).shares, binned(s, 5).shares);
  EXPECT_NE(binned(s, 5).shares, binned(s, 6).shares);
}

TEST_F(ShapeFile, HundredsOfThousandsOfRowsKeepTheirIntegral) {
  std::string csv;
  for (int i = 0; i < 300000; ++i) csv += std::to_string(i * 60) + "," + std::to_string(i % 1000) + "\n";
  write(csv);
  expect_integral_within_one(binned(scenario(Load::Arrivals::poisson, shape_of(path_, seconds(60), 10000, {})), 1));
}

TEST_F(ShapeFile, AMissingFileIsNamed) {
  const auto stream = make_arrivals(scenario(Load::Arrivals::even, shape_of("no/such.csv", seconds(2), 3, {})), 1);
  EXPECT_EQ(stream.error().message(), "no/such.csv: cannot be read (a shape names its file relative to the scenario)");
}

// The kept traffic of the 1998 World Cup site: 57,740 minutes.
class WorldCup : public ShapeFile {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(source_)) GTEST_SKIP() << "skipped: no ../shared/data";
  }
  const std::string source_ = TIDEMARK_SHARED_DATA "/traffic/worldcup98/worldcup98_minute.csv";
};

TEST_F(WorldCup, FortyDaysInAMinute) {
  for (const auto kind : {Load::Arrivals::poisson, Load::Arrivals::even}) {
    expect_integral_within_one(binned(scenario(kind, shape_of(source_, seconds(60), 1000, {})), 1));
  }
}

TEST_F(WorldCup, BinsOfTwoHundredArrivalsKeepTheirIntegralAndAreUniformInside) {
  // The last 120 minutes in 60 s at 500 a second: 250 arrivals a bin on average.
  const auto series = *load_time_series(source_);
  std::string csv;
  for (std::size_t i = series.points.size() - 120; i < series.points.size(); ++i) {
    csv += std::to_string(series.points[i].start) + "," + std::to_string(series.points[i].count) + "\n";
  }
  write(csv);
  int big = 0, rejected = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto result = binned(scenario(Load::Arrivals::poisson, shape_of(path_, seconds(60), 500, {})), seed);
    expect_integral_within_one(result);
    for (std::size_t i = 0; i < result.bins.size(); ++i) {
      if (result.shares[i].size() < 200) continue;
      ++big;
      std::vector<double> deciles(10);
      for (const double share : result.shares[i]) ++deciles[static_cast<std::size_t>(share * 10)];
      rejected += chi_square(deciles, static_cast<double>(result.shares[i].size()) / 10) > chi_square_quantile(0.99, 9);
    }
  }
  EXPECT_GE(big, 200) << "the test needs bins to test";
  EXPECT_LE(rejected, big / 100.0 + 4 * std::sqrt(big / 100.0)) << "of " << big << " bins at 1 %";
}

// Gaps inside one big bin, rescaled by its rate, are exponential: what sits in a bin is a Poisson process given its
// count.
TEST_F(WorldCup, GapsInsideABinAreExponential) {
  write("0,50000\n");
  const auto result = binned(scenario(Load::Arrivals::poisson, shape_of(path_, seconds(50), 1000, {})), 2);
  const auto& shares = result.shares[0];
  ASSERT_EQ(shares.size(), 50000U);
  std::vector<double> deciles(10);
  for (std::size_t i = 1; i < shares.size(); ++i) {
    ++deciles[std::min<std::size_t>(9,
                                    static_cast<std::size_t>(-std::expm1(-(shares[i] - shares[i - 1]) * 50000) * 10))];
  }
  EXPECT_LT(chi_square(deciles, 4999.9), chi_square_quantile(0.999, 9));
}

TEST_F(WorldCup, OtherRealCurvesAreRead) {
  for (const std::string name : {"nab/Twitter_volume_AMZN.csv", "nab/nyc_taxi.csv", "nab/elb_request_count_8c0756.csv",
                                 "wikipedia/example_wp_log_peyton_manning.csv"}) {
    const auto series = load_time_series(TIDEMARK_SHARED_DATA "/traffic/" + name);
    ASSERT_TRUE(series) << series.error().message();
    EXPECT_GT(series->points.size(), 1000U) << name;
  }
}

}  // namespace
}  // namespace tidemark::schedule
