// Think times: each distribution against its own moments, by our own inversions and one number a draw.
#include "engine/schedule/think_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tidemark::schedule {
namespace {

using std::chrono::seconds;
using Kind = ThinkTime::Kind;

std::vector<double> drawn(const ThinkTime& think, int count = 20'000) {
  Random random(11, "think");
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(to_seconds(sample(think, random)));
  std::ranges::sort(values);
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(ThinkTimes, AreWhatTheyAreCalled) {
  EXPECT_EQ(drawn({}), std::vector<double>(20'000, 0.0));
  EXPECT_EQ(drawn({.kind = Kind::constant, .low = seconds(2)}).back(), 2.0);

  const auto uniform = drawn({.kind = Kind::uniform, .low = seconds(1), .high = seconds(3)});
  EXPECT_GE(uniform.front(), 1.0);
  EXPECT_LE(uniform.back(), 3.0);
  EXPECT_NEAR(mean(uniform), 2.0, 0.02) << "5 standard errors";

  const auto exponential = drawn({.kind = Kind::exponential, .low = seconds(2)});
  EXPECT_NEAR(mean(exponential), 2.0, 0.071);
  EXPECT_NEAR(exponential[10'000], 2 * std::log(2.0), 0.071);

  const auto normal = drawn({.kind = Kind::normal, .low = seconds(5), .high = seconds(1)});
  EXPECT_NEAR(mean(normal), 5.0, 0.036);
  EXPECT_NEAR(normal[static_cast<std::size_t>(20'000 * 0.8413447)], 6.0, 0.055);

  const auto lognormal = drawn({.kind = Kind::lognormal, .low = seconds(2), .sigma = 0.5});
  EXPECT_NEAR(lognormal[10'000], 2.0, 0.045);
  EXPECT_NEAR(mean(lognormal), 2 * std::exp(0.125), 0.043);
}

TEST(ThinkTimes, StayBetweenNothingAndAnHour) {
  EXPECT_EQ(drawn({.kind = Kind::normal, .low = Nanos{}, .high = seconds(1)}).front(), 0.0);
  EXPECT_EQ(drawn({.kind = Kind::lognormal, .low = seconds(600), .sigma = 10}).back(), 3600.0);
}

TEST(ThinkTimes, TakeOneNumberADraw) {
  for (const Kind kind : {Kind::uniform, Kind::exponential, Kind::normal, Kind::lognormal}) {
    Random one(3, "s"), two(3, "s");
    sample({.kind = kind, .low = seconds(1), .high = seconds(2), .sigma = 1}, one);
    two.next();
    EXPECT_EQ(one.next(), two.next());
  }
}

}  // namespace
}  // namespace tidemark::schedule
