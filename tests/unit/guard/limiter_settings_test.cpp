#include "engine/guard/limiter_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tidemark::guard {
namespace {

std::string refusal(const char* text) {
  const auto settings = parse_limiter(nlohmann::json::parse(text), "topology.yaml:3: limiter");
  return settings ? "accepted" : settings.error().message();
}

TEST(LimiterSettings, EveryKindIsMadeAndReadBackAsItself) {
  for (const std::string_view kind : limiter_kinds()) {
    const auto defaults = default_limiter(kind);
    ASSERT_TRUE(defaults.has_value()) << kind;
    EXPECT_EQ(defaults->kind(), kind);
    const nlohmann::json json = to_json(*defaults);
    const auto again = parse_limiter(json, "here");
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(to_json(*again).dump(), json.dump());
    const auto limiter = make_limiter(*again, 7);
    ASSERT_NE(limiter, nullptr);
    const auto admission = limiter->admit(Instant(std::chrono::hours(1)), {});
    EXPECT_EQ(admission.verdict, Admission::Verdict::admitted) << kind << ": the first request of an idle node";
    EXPECT_GT(limiter->limit(), 0) << kind;
  }
}

TEST(LimiterSettings, FieldsThatAreNotNamedKeepTheirDefaults) {
  const auto vegas = parse_limiter({{"kind", "vegas"}, {"max", 500}}, "here");
  ASSERT_TRUE(vegas.has_value());
  const auto& rule = std::get<Windowed<VegasSettings>>(vegas->rule);
  EXPECT_EQ(rule.max, 500U);
  EXPECT_EQ(rule.initial, 20U);
  EXPECT_EQ(rule.window, Nanos{});
}

TEST(LimiterSettings, AllProblemsAreToldAtOnceWithTheNearestWord) {
  EXPECT_EQ(
      refusal(R"({"kind": "vegas", "maxx": 3, "smoothing": 7, "window": "1 week"})"),
      "topology.yaml:3: limiter.smoothing: 7 must be a number from 0.01 to 1\n"
      "topology.yaml:3: limiter.window: '1 week' is not a duration: a number and ns, us, ms, s, m or h, as in 50ms\n"
      "topology.yaml:3: limiter: no field 'maxx' (did you mean 'max'?)");
}

TEST(LimiterSettings, MalformedOnesAreRefused) {
  const struct {
    const char* json;
    const char* says;
  } cases[] = {
      {R"({"kind": "vegsa"})", "(did you mean 'vegas'?)"},
      {R"({"kind": 3})", "3 is none of none, fixed,"},
      {R"({})", "kind: is missing"},
      {R"([])", "must be an object of settings"},
      {R"("tide")", "must be an object of settings"},
      {R"({"kind": "aimd", "min": 300})", "min must not be above max"},
      {R"({"kind": "envoy", "min_concurrency": 2000})", "min_concurrency must not be above max"},
      {R"({"kind": "fixed", "max": 0})", "0 must be a whole number from 1 to"},
      {R"({"kind": "fixed", "max": 1.5})", "1.5 must be a whole number"},
      {R"({"kind": "fixed", "max": -1})", "-1 must be a whole number"},
      {R"({"kind": "none", "max": 1})", "no field 'max'"},
      {R"({"kind": "tide", "settle": -5})", "-5 is not a duration"},
      {R"({"kind": "tide", "under_way": 1})", "1 must be true or false"},
      {R"({"kind": "token_bucket", "rate_rps": null})", "null must be a number"},
  };
  for (const auto& c : cases)
    EXPECT_NE(refusal(c.json).find(c.says), std::string::npos) << c.json << ": " << refusal(c.json);
}

TEST(LimiterSettings, AWindowedRuleSeesOneSampleAWindow) {
  const auto settings = parse_limiter({{"kind", "aimd"}, {"initial", 100}, {"window", "1s"}}, "here");
  ASSERT_TRUE(settings.has_value());
  const auto limiter = make_limiter(*settings, 1);
  Instant now(std::chrono::hours(1));
  for (int i = 0; i < 100; ++i) limiter->admit(now, {});
  EXPECT_EQ(limiter->admit(now, {}).verdict, Admission::Verdict::refused);
  for (int i = 0; i < 50; ++i) {
    now += std::chrono::milliseconds(30);
    limiter->finished(now, {.latency = std::chrono::milliseconds(10)});
  }
  EXPECT_EQ(limiter->limit(), 101) << "1.5 seconds: one full window";
}

}  // namespace
}  // namespace tidemark::guard
