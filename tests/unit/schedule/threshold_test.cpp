#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/schedule/scenario.h"
#include "engine/schedule/threshold_metrics.h"
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

TEST(Threshold, ReadsScopesWindowsAndWhatStopsARun) {
  const auto parsed = [](const std::string& text) {
    const auto threshold = parse_threshold(text);
    EXPECT_TRUE(threshold) << threshold.error().message();
    return threshold.value_or(Threshold{});
  };
  EXPECT_EQ(parsed("response{step=browse}.p99 < 1s").step, "browse");
  EXPECT_EQ(parsed("response{flow=buy}.p75 < 1s").flow, "buy");
  EXPECT_EQ(parsed("lag{group=checkout}.max < 1s").group, "checkout");
  EXPECT_EQ(parsed("errors{kind=status 5*} < 3").kind, "status 5*");
  EXPECT_EQ(parsed("errors{a=b} < 3").step, "a=b") << "only known words are keys";
  EXPECT_EQ(parsed("response.p99.9 < 1s").statistic, "p999");
  EXPECT_EQ(parsed("rate > 5").metric, "achieved_rate");
  EXPECT_EQ(parsed("checks{browse} > 99%").limit, 0.99);
  EXPECT_EQ(parsed("failed_ratio < 1 %").limit, 0.01);
  for (const std::string metric : {"offered_rate", "achieved_rate", "errors", "timed_out", "in_flight", "dropped"}) {
    EXPECT_EQ(parsed(metric + " < 7").metric, metric);
  }

  const Threshold node = parsed("node{store}.busy < 90%");
  EXPECT_EQ(node.node, "store");
  EXPECT_EQ(node.statistic, "busy");
  EXPECT_EQ(node.limit, 0.9);
  EXPECT_EQ(parsed("node{product-*}.wait<5ms").limit, 5000);
  for (const std::string statistic : {"cpu < 0.5", "queue < 10", "refused < 1", "missed < 3"}) {
    EXPECT_EQ(parsed("node{*}." + statistic).statistic, statistic.substr(0, statistic.find(' ')));
  }

  const Threshold window = parsed("response.p99 < 86ms over 10s after 1m");
  EXPECT_EQ(window.over, std::chrono::seconds(10));
  EXPECT_EQ(window.after, std::chrono::minutes(1));
  EXPECT_FALSE(window.abort);
  EXPECT_EQ(parsed("failed_ratio < 0.1 in every window of 30s").over, std::chrono::seconds(30));

  const Threshold stops = parsed("failed_ratio < 0.05 over 5s abort for 7");
  EXPECT_TRUE(stops.abort);
  EXPECT_EQ(stops.for_intervals, 7u);
  EXPECT_EQ(stops.expression, "failed_ratio < 0.05 over 5s") << "what it does is no part of what it says";
  EXPECT_EQ(parsed("errors < 5 abort").for_intervals, 3u);
}

TEST(Threshold, RefusesWithTheReasonAndItsColumn) {
  const std::string all =
      "response, service, lag, failed_ratio, checks, achieved_rate, offered_rate, achieved_ratio, errors, timed_out, "
      "in_flight, dropped, node";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "column 1: needs '<' or '>', as in response.p99 < 86ms"},
      {"response.p99 = 86ms", "column 14: needs '<' or '>', as in response.p99 < 86ms"},
      {"response.p99 <= 86ms", "column 14: write '<' or '>'"},
      {"respnse.p99 < 86ms", "column 1: 'respnse' is none of " + all + " (did you mean 'response'?)"},
      {"response < 86ms", "column 10: response needs one of .p50, .p90, .p95, .p99, .p999, .max, .mean"},
      {"response.p9 < 86ms",
       "column 9: response needs one of .p50, .p90, .p95, .p99, .p999, .max, .mean (did you mean 'p90'?)"},
      {"response.p00 < 86ms",
       "column 9: response needs one of .p50, .p90, .p95, .p99, .p999, .max, .mean (did you mean 'p50'?)"},
      {"response{}.p99 < 1s", "column 9: needs a step's name in braces, as in response{browse}.p99"},
      {"response{a.p99 < 1s", "column 9: needs a step's name in braces, as in response{browse}.p99"},
      {"response{flow=}.p99 < 1s", "column 9: names no flow"},
      {"response.p99 < 86", "column 16: '86' must be a duration with its unit, as in 86ms"},
      {"response.p99 < -1ms", "column 16: '-1ms' must be a duration with its unit, as in 86ms"},
      {"failed_ratio < 2", "column 16: '2' must be a ratio from 0 to 1, as in 0.001 or 0.1%"},
      {"failed_ratio.p99 < 0.1", "column 13: failed_ratio stands alone, without '.p99'"},
      {"offered_rate{a} > 9", "column 13: offered_rate stands alone, without '{a}'"},
      {"checks{kind=a} > 9", "column 7: checks is not counted by kind; errors is"},
      {"achieved_rate > lots", "column 17: 'lots' must be a number of requests a second"},
      {"errors < few", "column 10: 'few' must be a number"},
      {"node.busy < 1", "column 5: needs a node or a service in braces, as in node{store}.busy"},
      {"node{a} < 1", "column 9: node needs one of .busy, .cpu, .wait, .queue, .refused, .missed"},
      {"node{a}.bsy < 1",
       "column 8: node needs one of .busy, .cpu, .wait, .queue, .refused, .missed (did you mean 'busy'?)"},
      {"errors < 1 ovr 5s",
       "column 12: 'ovr' is none of over, in every window of, after, abort (did you mean 'over'?)"},
      {"errors < 1 over", "column 16: needs a duration behind 'over', as in over 10s"},
      {"errors < 1 over 10ms", "column 17: must be 1s to 86400s"},
      {"errors < 1 over 2s over 3s", "column 25: 'over' stands there twice"},
      {"errors < 1 in each window", "column 15: write it as 'in every window of 10s'"},
      {"errors < 1 abort 3", "column 18: write it as 'abort for 3', at the end"},
      {"errors < 1 abort for 0", "column 22: needs a number of intervals, 1 to 3600, as in abort for 3"},
      {"errors < 1 abort for 3 over 5s", "column 24: nothing may follow the number of intervals"},
  };
  for (const auto& [text, what] : cases) {
    const auto threshold = parse_threshold(text);
    ASSERT_FALSE(threshold) << text;
    EXPECT_EQ(threshold.error().message(), "threshold '" + text + "': " + what);
  }
}

TEST(Threshold, OfAScenarioMayBeAMapAndReadsBackAsItself) {
  const std::string yaml =
      "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /}]}]\nthresholds:\n"
      "  - response.p99 < 1s\n"
      "  - {expect: failed_ratio < 5% over 5s, abort: true, for: 4}\n"
      "  - errors{flow=a} < 9 abort\n";
  const auto scenario = parse_scenario(yaml, "s.yaml", {});
  ASSERT_TRUE(scenario) << scenario.error().message();
  ASSERT_EQ(scenario->thresholds.size(), 3u);
  EXPECT_FALSE(scenario->thresholds[0].abort);
  EXPECT_EQ(scenario->thresholds[1].for_intervals, 4u);
  EXPECT_TRUE(scenario->thresholds[2].abort);
  const auto resolved = to_json(*scenario);
  const auto again = parse_scenario(resolved.dump(), "again", {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), resolved);
  EXPECT_EQ(again->thresholds[1].for_intervals, 4u);
}

TEST(Threshold, OfAScenarioIsRefusedWithItsLine) {
  const auto message = [](const std::string& thresholds) {
    const auto scenario = parse_scenario(
        "load: {rate: 1, duration: 1s}\nflows: [{name: buy, steps: [{get: /}]}]\nthresholds:\n" + thresholds, "s", {});
    return scenario ? "" : scenario.error().message();
  };
  EXPECT_EQ(message("  - errors{flow=bux} < 1"), "s:4: thresholds[0]: no flow is named 'bux' (did you mean 'buy'?)");
  EXPECT_EQ(message("  - {expect: errors < 1, for: 3}"),
            "s:4: thresholds[0].for: has no meaning without 'abort: true'");
  EXPECT_EQ(message("  - {abort: true}"), "s:4: thresholds[0].expect: is missing");
  EXPECT_EQ(message("  - {expect: errors < 1, abort: maybe}"),
            "s:4: thresholds[0].abort: 'maybe' is none of false, true");
  EXPECT_EQ(message("  - errors << 1"), "s:4: thresholds[0]: 'errors << 1': column 9: '<' must be a number");
}

TEST(Threshold, KnowsThePercentilesByTheirDigits) {
  EXPECT_DOUBLE_EQ(quantile_of_statistic("p50"), 0.5);
  EXPECT_DOUBLE_EQ(quantile_of_statistic("p05"), 0.05);
  EXPECT_DOUBLE_EQ(quantile_of_statistic("p99"), 0.99);
  EXPECT_DOUBLE_EQ(quantile_of_statistic("p999"), 0.999);
  for (const char* none : {"max", "mean", "p", "p9", "p00", "p9a", "p999999", "q99"}) {
    EXPECT_EQ(quantile_of_statistic(none), -1) << none;
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
