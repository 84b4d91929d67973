#include "engine/guard/guard_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tidemark::guard {
namespace {

std::string problem(const std::string& text) {
  const auto parsed = parse_guard(nlohmann::json::parse(text), "shop.yaml: services.order.guard");
  return parsed ? "" : parsed.error().message();
}

TEST(GuardSettings, NothingIsNothing) {
  const auto parsed = parse_guard(nlohmann::json::object(), "x");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_json(*parsed), nlohmann::json::object());
  EXPECT_FALSE(parsed->breaker || parsed->retry || parsed->pool || parsed->lists);
}

TEST(GuardSettings, EveryPartIsReadAndWrittenBackTheSame) {
  const auto json = nlohmann::json::parse(R"({
    "limiter": {"kind": "vegas", "max": 500},
    "breaker": {"slow": "200ms"},
    "retry": {"attempts": 2, "budget": {"kind": "tokens", "ratio": 0.1}},
    "deadline": {"margin": "10ms"},
    "bulkhead": {"slots": 32, "groups": [{"name": "core", "share": 0.5}, {"name": "browse", "most": 0.4}]},
    "pool": {"policy": "block", "wait": "250ms"},
    "buffer": {"rate": 500, "overflow": "queue"},
    "lists": {"allow": ["127.0.0.0/8"], "deny": ["127.0.0.9"]},
    "degrade": {"steps": [{"name": "comments", "signal": "queued_ms", "on": 50, "off": 10}]}
  })");
  const auto parsed = parse_guard(json, "x");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->limiter->kind(), "vegas");
  EXPECT_EQ(parsed->breaker->kind(), "sequential");
  EXPECT_EQ(parsed->retry->attempts, 2U);
  EXPECT_EQ(parsed->retry->budget.kind, RetryBudgetSettings::Kind::tokens);
  EXPECT_EQ(parsed->bulkhead->groups.size(), 2U);
  EXPECT_EQ(parsed->pool->wait, std::chrono::milliseconds(250));
  EXPECT_EQ(parsed->degrade->steps[0].after, std::chrono::seconds(2));
  const nlohmann::json whole = to_json(*parsed);
  const auto again = parse_guard(whole, "x");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), whole);
}

TEST(GuardSettings, EmptyPartsAreTheirDefaults) {
  const auto parsed = parse_guard(nlohmann::json::parse(R"({"breaker":{},"retry":{},"buffer":{},"pool":null})"), "x");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->breaker->kind(), "sequential");
  EXPECT_EQ(parsed->retry->attempts, 3U);
  EXPECT_EQ(parsed->buffer->capacity, 1000U);
  EXPECT_FALSE(parsed->pool);
}

TEST(GuardSettings, EveryProblemAtOnce) {
  EXPECT_EQ(
      problem(R"({"braeker": {}, "breaker": {"kind": "hystrix", "volume": 0}, "retry": {"first": "50"},
                        "bulkhead": {"groups": [{"name": "a", "share": 0.7}, {"name": "a", "share": 0.6}]},
                        "lists": {"deny": ["10.0.0.1/8"]},
                        "degrade": {"steps": [{"name": "x", "signal": "busy", "on": 1, "off": 1}]}})"),
      "shop.yaml: services.order.guard.breaker.volume: 0 must be a whole number from 1 to 1000000\n"
      "shop.yaml: services.order.guard.retry.first: '50' is not a duration: a number and ns, us, ms, s, m or h, as in "
      "50ms\n"
      "shop.yaml: services.order.guard.bulkhead.groups: each needs a name of its own\n"
      "shop.yaml: services.order.guard.bulkhead.groups: the shares add up to more than 1\n"
      "shop.yaml: services.order.guard.degrade.steps[0].off: must be below on, or the step would flutter\n"
      "shop.yaml: services.order.guard.lists.deny[0]: '10.0.0.1/8' has bits after its length: 10.0.0.0/8 is meant?\n"
      "shop.yaml: services.order.guard: no field 'braeker' (did you mean 'breaker'?)");
}

}  // namespace
}  // namespace tidemark::guard
