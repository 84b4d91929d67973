#include "engine/guard/breaker_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tidemark::guard {
namespace {

std::string problem(const std::string& text) {
  const auto parsed = parse_breaker(nlohmann::json::parse(text), "shop.yaml:7: breaker");
  return parsed ? "" : parsed.error().message();
}

TEST(BreakerSettings, EveryKindIsWrittenAndReadBackTheSame) {
  for (const std::string_view kind : breaker_kinds()) {
    const auto settings = default_breaker(kind);
    ASSERT_TRUE(settings) << kind;
    EXPECT_EQ(settings->kind(), kind);
    const nlohmann::json json = to_json(*settings);
    EXPECT_EQ(json["kind"], kind);
    const auto again = parse_breaker(json, "x");
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(to_json(*again), json);
    const auto made = make_breaker(*settings, 1);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->state(Instant{}), Breaker::State::closed) << kind;
  }
  EXPECT_FALSE(default_breaker("fuse"));
}

TEST(BreakerSettings, PublishedDefaults) {
  EXPECT_EQ(to_json(*default_breaker("hystrix")),
            nlohmann::json::parse(R"({"kind":"hystrix","window":"10s","snapshot":"500ms","volume":20,"percent":50,
              "sleep":"5s","timeout":"1s"})"));
  EXPECT_EQ(to_json(*default_breaker("resilience4j")),
            nlohmann::json::parse(R"({"kind":"resilience4j","by":"count","window_calls":100,"window":"100s",
              "minimum":100,"failure_percent":50.0,"slow_percent":100.0,"slow":"60s","wait":"60s",
              "half_open_calls":10})"));
  EXPECT_EQ(to_json(*default_breaker("gobreaker")),
            nlohmann::json::parse(R"({"kind":"gobreaker","consecutive":5,"interval":"0s","timeout":"60s",
              "max_requests":1})"));
  EXPECT_EQ(to_json(*default_breaker("outlier")),
            nlohmann::json::parse(R"({"kind":"outlier","consecutive":5,"interval":"10s","base":"30s",
              "longest":"300s"})"));
}

TEST(BreakerSettings, WithoutAKindItIsOurs) {
  const auto parsed = parse_breaker(nlohmann::json::parse(R"({"slow":"200ms"})"), "x");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind(), "sequential");
  EXPECT_EQ(std::get<SequentialSettings>(parsed->rule).slow, std::chrono::milliseconds(200));
}

TEST(BreakerSettings, EveryProblemAtOnce) {
  EXPECT_EQ(
      problem(R"({"kind":"histrix","volume":1})"),
      "shop.yaml:7: breaker.kind: 'histrix' is none of none, sequential, hystrix, resilience4j, gobreaker, sentinel, "
      "outlier (did you mean 'hystrix'?)");
  EXPECT_EQ(problem(R"({"kind":"hystrix","volum":1,"percent":101,"snapshot":"300ms"})"),
            "shop.yaml:7: breaker.percent: 101 must be a whole number from 1 to 100\n"
            "shop.yaml:7: breaker.snapshot: must divide the window, into at most 10000 parts\n"
            "shop.yaml:7: breaker: no field 'volum' (did you mean 'volume'?)");
  EXPECT_EQ(problem(R"({"tolerated":0.5,"partial":0.4,"open_first":"2s"})"),
            "shop.yaml:7: breaker: tolerated < partial < outage must hold\n"
            "shop.yaml:7: breaker.open_first: must not be above open_most");
  EXPECT_EQ(problem(R"({"kind":"sentinel","grade":"slow_ratio","threshold":60})"),
            "shop.yaml:7: breaker.threshold: is a share here: from 0 to 1");
  EXPECT_EQ(problem(R"({"kind":"resilience4j","window":"1500ms"})"),
            "shop.yaml:7: breaker.window: must be whole seconds");
  EXPECT_EQ(problem("7"), "shop.yaml:7: breaker: 7 must be an object of settings");
}

}  // namespace
}  // namespace tidemark::guard
