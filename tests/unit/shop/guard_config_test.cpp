#include "scenarios/shop/guard_config.h"

#include <gtest/gtest.h>

#include "scenarios/shop/topology.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

TEST(GuardConfig, NothingDeclaredIsNothingInForce) {
  const auto config = parse_guard(json::object(), "guard");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_FALSE(config->limiter);
  EXPECT_FALSE(config->shared.breaker);
  EXPECT_FALSE(config->shared.retry);
  EXPECT_FALSE(config->shared.bulkhead);
  EXPECT_FALSE(config->shared.buffer);
  EXPECT_FALSE(config->shared.deadline);
  EXPECT_EQ(config->calls.timeout, Nanos{});
  EXPECT_EQ(config->edge.rate, 0);
}

TEST(GuardConfig, ReadsWhatATopologySays) {
  const auto topology = parse_topology(R"(
guard:
  calls: {timeout: 100ms}
  retry: {attempts: 3, budget: {kind: share, ratio: 0.1}}
  breaker: {kind: hystrix}
services:
  product:
    guard: {limiter: {kind: tide}, calls: {timeout: 50ms}}
  gateway:
    guard:
      edge: {rate: 450}
      lists: {deny: [203.0.113.0/24]}
      buffer: {mode: buffer, rate: 90}
      bulkhead: {slots: 100}
)",
                                       "t.yaml");
  ASSERT_TRUE(topology) << topology.error().message();
  const auto product = parse_guard(guard_of(*topology, "product"), "product");
  ASSERT_TRUE(product) << product.error().message();
  EXPECT_EQ(product->calls.timeout, std::chrono::milliseconds(50)) << "the service's own word";
  EXPECT_EQ(product->shared.retry->attempts, 3U) << "the rest of it from the topology";
  EXPECT_EQ(product->shared.breaker->kind(), "hystrix");
  EXPECT_EQ(product->limiter->kind(), "tide");
  const auto gateway = parse_guard(guard_of(*topology, "gateway"), "gateway");
  ASSERT_TRUE(gateway) << gateway.error().message();
  EXPECT_DOUBLE_EQ(gateway->edge.rate, 450);
  EXPECT_EQ(gateway->shared.lists->deny, std::vector<std::string>{"203.0.113.0/24"});
  EXPECT_DOUBLE_EQ(gateway->shared.buffer->rate, 90);
  EXPECT_EQ(gateway->shared.bulkhead->slots, 100U);
  EXPECT_TRUE(guard_of(*topology, "registry").empty());

  const auto again = parse_topology(to_yaml(*topology), "again.yaml");
  ASSERT_TRUE(again) << again.error().message();
  for (const char* service : {"product", "gateway", "store"}) {
    EXPECT_EQ(guard_of(*again, service), guard_of(*topology, service)) << service;
  }
}

TEST(GuardConfig, EveryMistakeOfATopologyIsNamedAtOnce) {
  const auto topology = parse_topology(R"(name: x
guard:
  calls: {timeuot: 100ms}
  breaker: {kind: hystrics}
services:
  product:
    guard: {limiter: {kind: tiide}}
  gateway:
    guard: {edge: {forwarded_by: [10.0.0.0/99]}, buffer: {mode: bufer}}
)",
                                       "t.yaml");
  ASSERT_FALSE(topology);
  const std::string& what = topology.error().what;
  for (const char* said :
       {"t.yaml:3: guard.calls: no field 'timeuot' (did you mean 'timeout'?)", "did you mean 'hystrix'",
        "services.product.guard.limiter", "did you mean 'tide'", "edge.forwarded_by", "did you mean 'buffer'"}) {
    EXPECT_NE(what.find(said), std::string::npos) << said << "\n" << what;
  }
}

TEST(GuardConfig, ADegradeStepNamesAFeatureThatThereIs) {
  const auto step = [](const char* name) {
    return json{{"degrade", {{"steps", {{{"name", name}, {"signal", "busy"}, {"on", 0.9}, {"off", 0.5}}}}}}};
  };
  for (const auto feature : degrade_features()) EXPECT_TRUE(parse_guard(step(std::string(feature).c_str()), "g"));
  const auto wrong = parse_guard(step("browse-of"), "g");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("did you mean 'browse-off'"), std::string::npos) << wrong.error().what;
}

TEST(GuardPatch, WordsBecomeAChange) {
  const std::vector<std::string> words{"limiter.kind=tide", "calls.timeout=100ms", "breaker.kind=hystrix",
                                       "lists.deny=[\"10.0.0.0/8\"]", "bulkhead=off"};
  const auto patch = guard_patch(words);
  ASSERT_TRUE(patch) << patch.error().message();
  EXPECT_EQ(*patch, json::parse(R"({"limiter":{"kind":"tide"},"calls":{"timeout":"100ms"},"breaker":{"kind":"hystrix"},
                                    "lists":{"deny":["10.0.0.0/8"]},"bulkhead":null})"));
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"limiter"}, {"=tide"}, {"a..b=1"}, {"a=1", "a.b=2"}, {"edge.deny=[1"}, {".a=1"}}) {
    EXPECT_FALSE(guard_patch(wrong)) << wrong.front();
  }
}

TEST(GuardPatch, MergesAndReplacesWhatChangesItsKind) {
  json base =
      json::parse(R"({"limiter":{"kind":"vegas","max":500},"calls":{"timeout":"1s","breaker_per_node":"true"}})");
  merge_guard(base, json::parse(R"({"calls":{"timeout":"100ms"}})"));
  EXPECT_EQ(base["calls"], json::parse(R"({"timeout":"100ms","breaker_per_node":"true"})"));
  merge_guard(base, json::parse(R"({"limiter":{"max":600}})"));
  EXPECT_EQ(base["limiter"], json::parse(R"({"kind":"vegas","max":600})"));
  merge_guard(base, json::parse(R"({"limiter":{"kind":"tide"}})"));
  EXPECT_EQ(base["limiter"], json::parse(R"({"kind":"tide"})")) << "vegas' max means nothing to tide";
  merge_guard(base, json::parse(R"({"limiter":null})"));
  EXPECT_FALSE(base.contains("limiter"));
}

}  // namespace
}  // namespace tidemark::shop
