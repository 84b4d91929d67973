#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/schedule/scenario.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

TEST(Threshold, ReadsMetricStepStatisticAndLimit) {
  struct Case {
    std::string text, metric, step, statistic;
    bool below;
    double limit;
  };
  const std::vector<Case> cases = {
      {"response.p99 < 86ms", "response", "", "p99", true, 86'000},
      {"response{browse}.p95<50ms", "response", "browse", "p95", true, 50'000},
      {"service{GET /a < b}.p999 < 1.5s", "service", "GET /a < b", "p999", true, 1'500'000},
      {"lag.max < 500us", "lag", "", "max", true, 500},
      {"response.mean > 0", "response", "", "mean", false, 0},
      {"failed_ratio < 0.001", "failed_ratio", "", "", true, 0.001},
      {" failed_ratio < 0.1% ", "failed_ratio", "", "", true, 0.001},
      {"achieved_rate > 95", "achieved_rate", "", "", false, 95},
  };
  for (const Case& c : cases) {
    const auto threshold = parse_threshold(c.text);
    ASSERT_TRUE(threshold) << threshold.error().message();
    EXPECT_EQ(threshold->expression, c.text);
    EXPECT_EQ(threshold->metric, c.metric) << c.text;
    EXPECT_EQ(threshold->step, c.step) << c.text;
    EXPECT_EQ(threshold->statistic, c.statistic) << c.text;
    EXPECT_EQ(threshold->below, c.below) << c.text;
    EXPECT_DOUBLE_EQ(threshold->limit, c.limit) << c.text;
  }
}

TEST(Threshold, RefusesWithTheReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "needs '<' or '>', as in response.p99 < 86ms"},
      {"response.p99 = 86ms", "needs '<' or '>', as in response.p99 < 86ms"},
      {"response.p99 <= 86ms", "write '<' or '>'"},
      {"respnse.p99 < 86ms",
       "'respnse' is none of response, service, lag, failed_ratio, achieved_rate (did you mean 'response'?)"},
      {"response < 86ms", "response needs one of .p50, .p90, .p95, .p99, .p999, .max, .mean"},
      {"response{}.p99 < 1s", "needs a step's name in braces, as in response{browse}.p99"},
      {"response{a.p99 < 1s", "needs a step's name in braces, as in response{browse}.p99"},
      {"response.p99 < 86", "'86' must be a duration with its unit, as in 86ms"},
      {"response.p99 < -1ms", "'-1ms' must be a duration with its unit, as in 86ms"},
      {"failed_ratio < 2", "'2' must be a ratio from 0 to 1, as in 0.001 or 0.1%"},
      {"failed_ratio.p99 < 0.1", "failed_ratio stands alone, without '.p99'"},
      {"achieved_rate{a} > 9", "achieved_rate stands alone, without '{a}'"},
      {"achieved_rate > lots", "'lots' must be a number of requests a second"},
  };
  for (const auto& [text, what] : cases) {
    const auto threshold = parse_threshold(text);
    ASSERT_FALSE(threshold) << text;
    EXPECT_EQ(threshold.error().message(), "threshold '" + text + "': " + what);
  }
}

TEST(Duration, ReadsEveryUnitExactly) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"0", 0},
      {"0s", 0},
      {"250ns", 250},
      {"50us", 50'000},
      {"50ms", 50'000'000},
      {"1.5s", 1'500'000'000},
      {"2m", 120'000'000'000},
      {"1h", 3'600'000'000'000},
      {"0.1ns", 0},
      {"9223372036854775807ns", 9223372036854775807},
  };
  for (const auto& [text, nanos] : cases) {
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text)->count(), nanos) << text;
  }
  for (const std::string text :
       {"", "s", "5", "5 s", "5S", "1e400s", "nans", "infs", "0x5s", "5d", "9223372036854775808ns", "--5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, WritesWhatItReadsBack) {
  for (const std::int64_t nanos :
       {0L, 1L, 999L, 1'000L, 1'001L, 1'000'000L, 1'500'000L, 1'000'000'000L, 90'000'000'000L, 9223372036854775807L}) {
    EXPECT_EQ(parse_duration(format_duration(Nanos(nanos))), Nanos(nanos)) << format_duration(Nanos(nanos));
  }
}

TEST(NearestWord, FindsWhatWasMeantAndOnlyThat) {
  const std::vector<std::string> words = {"name", "target", "timeout", "variables", "get", "p99"};
  const auto nearest = [&](const std::string& word) { return nearest_word(word, words).value_or("-"); };
  EXPECT_EQ(nearest("tmieout"), "timeout");
  EXPECT_EQ(nearest("varables"), "variables");
  EXPECT_EQ(nearest("targets"), "target");
  EXPECT_EQ(nearest("gte"), "get");
  EXPECT_EQ(nearest("quux"), "-");
  EXPECT_EQ(nearest("x"), "-");
  EXPECT_EQ(nearest(""), "-");
}

}  // namespace
}  // namespace tidemark::schedule
