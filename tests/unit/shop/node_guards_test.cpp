// The decisions of a node's guards, without a node: who the client is, what an answer says, who may enter, and what is
// owed when the settings change meanwhile.
#include <gtest/gtest.h>

#include "engine/net/task_group.h"
#include "scenarios/shop/call_guards.h"
#include "scenarios/shop/core_turns.h"
#include "scenarios/shop/edge_guard.h"
#include "scenarios/shop/entrance_guards.h"
#include "scenarios/shop/pool_gate.h"
#include "tests/unit/net/run_task.h"

namespace tidemark::shop {
namespace {

using namespace std::chrono_literals;
using guard::Ask;
using guard::Priority;
using nlohmann::json;

GuardConfig config_of(const char* text) {
  auto config = parse_guard(json::parse(text), "guard");
  EXPECT_TRUE(config) << (config ? "" : config.error().message());
  return config ? *config : GuardConfig{};
}

TEST(ClientOf, IsTheLastHopThatNobodyWeTrustHasAdded) {
  const auto forwarders = guard::AddressList::make({.allow = {"127.0.0.0/8", "10.0.0.0/8"}, .deny = {}}, "test");
  ASSERT_TRUE(forwarders);
  struct {
    const char *peer, *hops, *client;
  } const cases[] = {{"198.51.100.1", "203.0.113.7", "198.51.100.1"},  // a stranger says what it likes
                     {"127.0.0.1", "", "127.0.0.1"},
                     {"127.0.0.1", "203.0.113.7", "203.0.113.7"},
                     {"127.0.0.1", "203.0.113.7, 10.1.2.3", "203.0.113.7"},
                     {"127.0.0.1", "1.1.1.1, 203.0.113.7,10.1.2.3", "203.0.113.7"},
                     {"127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"},
                     {"127.0.0.1", "2001:db8::1", "2001:db8::1"},
                     {"127.0.0.1", "nobody", nullptr},
                     {"127.0.0.1", "1.1.1.1,", nullptr},
                     {"", "1.1.1.1", nullptr}};
  for (const auto& each : cases) {
    const auto client = client_of(each.peer, each.hops, &*forwarders);
    ASSERT_EQ(client.has_value(), each.client != nullptr) << each.peer << " " << each.hops;
    if (client) EXPECT_TRUE(*client == *guard::parse_address(each.client)) << each.peer << " " << each.hops;
  }
  EXPECT_TRUE(client_of("127.0.0.1", "1.1.1.1", nullptr) == guard::parse_address("127.0.0.1"));
}

TEST(CallVerdict, TellsWhoProtectsItselfFromWhoIsBroken) {
  net::CallResult result;
  EXPECT_EQ(verdict_of(result), CallVerdict::failed);
  result.status = net::CallResult::Status::timed_out;
  EXPECT_EQ(verdict_of(result), CallVerdict::failed);
  result.status = net::CallResult::Status::ok;
  for (const int status : {200, 201, 404, 409, 429}) {
    result.response.status = status;
    EXPECT_EQ(verdict_of(result), CallVerdict::good) << status;
  }
  for (const int status : {500, 502, 503, 504}) {
    result.response.status = status;
    EXPECT_EQ(verdict_of(result), CallVerdict::failed) << status;
  }
  result.response.headers.set(kRefusedHeader, "limiter");
  EXPECT_EQ(verdict_of(result), CallVerdict::refused);
}

TEST(CallGuards, HaveOneBreakerAServiceOrOneANode) {
  NodeCounters counters;
  CallGuards guards(1, "gateway-1");
  EXPECT_EQ(guards.towards("product")->breaker_to({"127.0.0.1", 1000}), nullptr) << "none is declared";
  guards.configure(config_of(R"({"breaker": {"kind": "gobreaker"}})"));
  const auto one = guards.towards("product");
  EXPECT_EQ(one->breaker_to({"127.0.0.1", 1000}), one->breaker_to({"127.0.0.1", 2000}));
  EXPECT_NE(one->breaker_to({"127.0.0.1", 1000}), guards.towards("order")->breaker_to({"127.0.0.1", 1000}));
  const Instant now = Clock::now();
  for (int i = 0; i < 6; ++i) {
    auto* breaker = one->breaker_to({"127.0.0.1", 1000});
    const auto permit = breaker->allow(now);
    if (permit) breaker->finished(now, *permit, {.latency = 1ms, .failed = true});
  }
  guards.show(counters);
  EXPECT_EQ(counters.extras().at("breaker_product_open_now"), 1);
  EXPECT_EQ(counters.extras().at("breaker_product_trips"), 1);
  guards.configure(config_of(R"({"breaker": {"kind": "gobreaker"}, "calls": {"breaker_per_node": true}})"));
  const auto two = guards.towards("product");
  EXPECT_NE(two->breaker_to({"127.0.0.1", 1000}), two->breaker_to({"127.0.0.1", 2000}));
  guards.show(counters);
  EXPECT_EQ(counters.extras().at("breaker_product_open_now"), 0) << "made anew";
  EXPECT_EQ(counters.extras().at("breaker_product_trips"), 1) << "a count never falls";
}

TEST(CallGuards, ABulkheadKeepsPlacesForTheCore) {
  CallGuards guards(1, "gateway-1");
  guards.configure(config_of(R"({"calls": {"bulkhead": {"slots": 4, "groups": [{"name": "core", "share": 0.5}]}}})"));
  const auto product = guards.towards("product");
  EXPECT_TRUE(product->enter(Priority::browse));
  EXPECT_TRUE(product->enter(Priority::browse));
  EXPECT_FALSE(product->enter(Priority::browse));
  EXPECT_TRUE(product->enter(Priority::core));
  EXPECT_TRUE(product->enter(Priority::core));
  EXPECT_FALSE(product->enter(Priority::core));
  product->leave(Priority::browse);
  EXPECT_TRUE(product->enter(Priority::browse));
}

TEST(EntranceGuards, WhoWasLetInLeavesByTheGuardsOfThen) {
  NodeCounters counters;
  EntranceGuards guards(1, "product-1", counters);
  const Instant now = Clock::now();
  EntranceGuards::Pass free;
  EXPECT_FALSE(guards.any());
  EXPECT_EQ(guards.admit(now, Ask{}, &free).refused_by, nullptr);
  EXPECT_FALSE(free.any());

  guards.configure(config_of(R"({"limiter": {"kind": "fixed", "max": 1}})"));
  EntranceGuards::Pass first, second;
  EXPECT_EQ(guards.admit(now, Ask{Priority::core}, &first).refused_by, nullptr);
  EXPECT_STREQ(guards.admit(now, Ask{Priority::browse}, &second).refused_by, "limiter");
  EXPECT_FALSE(second.any()) << "a refused request owes nothing";
  guards.configure(config_of(R"({"limiter": {"kind": "fixed", "max": 1}, "edge": {"rate": 5}})"));
  EXPECT_STREQ(guards.admit(now, Ask{}, &second).refused_by, "limiter") << "unchanged: it knows who is in";
  guards.configure(config_of(R"({"limiter": {"kind": "fixed", "max": 2}})"));
  EXPECT_EQ(guards.admit(now, Ask{}, &second).refused_by, nullptr);
  EntranceGuards::started(first, now, false);
  EntranceGuards::finished(first, now + 1ms, false);
  EntranceGuards::Pass third, fourth;
  EXPECT_EQ(guards.admit(now, Ask{}, &third).refused_by, nullptr);
  EXPECT_STREQ(guards.admit(now, Ask{}, &fourth).refused_by, "limiter") << "the first one left another limiter";
  EntranceGuards::abandoned(third, now);
  EXPECT_EQ(guards.admit(now, Ask{}, &fourth).refused_by, nullptr);
  EXPECT_EQ(counters.extras().at("refused_browse"), 1);
  EXPECT_EQ(counters.extras().at("refused_by_limiter"), 3);
}

TEST(EntranceGuards, ARefusalOfTheLimiterGivesThePlaceInTheBulkheadBack) {
  NodeCounters counters;
  EntranceGuards guards(1, "product-1", counters);
  guards.configure(config_of(R"({"limiter": {"kind": "fixed", "max": 1}, "bulkhead": {"slots": 2, "groups": []}})"));
  const Instant now = Clock::now();
  EntranceGuards::Pass first, other;
  EXPECT_EQ(guards.admit(now, Ask{}, &first).refused_by, nullptr);
  for (int i = 0; i < 5; ++i) EXPECT_STREQ(guards.admit(now, Ask{}, &other).refused_by, "limiter");
  EntranceGuards::abandoned(first, now);
  EXPECT_EQ(guards.admit(now, Ask{}, &other).refused_by, nullptr);
}

struct Pools {
  net::asio::io_context io{1};
  PoolGate gate{io, 1, 2};
  PoolGate::Entry enter(Nanos patience) {
    PoolGate::Entry entry;
    const auto task = [&]() -> net::Task<void> { entry = co_await gate.enter(Clock::now() + patience); };
    net::run_task(io, task());
    return entry;
  }
};

TEST(PoolGate, KeepsItsIntegralsWhenThePolicyChanges) {
  Pools pools;
  auto held = pools.enter(1s);
  ASSERT_EQ(held.outcome, PoolGate::Outcome::granted);
  EXPECT_FALSE(held.waited);
  EXPECT_EQ(pools.enter(1ms).outcome, PoolGate::Outcome::expired);
  pools.gate.configure({.policy = guard::PoolSettings::Policy::unbounded, .wait = 1s});
  EXPECT_EQ(pools.gate.read(Clock::now()).workers, 0U);
  auto more = pools.enter(1s);
  EXPECT_EQ(pools.gate.read(Clock::now()).in_use, 2U);
  pools.gate.leave(*more.pool);
  const double wait = pools.gate.read(Clock::now()).wait_seconds, busy = pools.gate.read(Clock::now()).busy_seconds;
  EXPECT_GT(wait, 0);
  pools.gate.leave(*held.pool);
  const auto after = pools.gate.read(Clock::now());
  EXPECT_GE(after.wait_seconds, wait);
  EXPECT_GE(after.busy_seconds, busy);
  EXPECT_EQ(after.in_use, 0U);
  pools.gate.configure({});
  EXPECT_EQ(pools.gate.read(Clock::now()).workers, 1U);
}

TEST(PoolGate, BlockedOnesWaitNoLongerThanThePolicySays) {
  Pools pools;
  pools.gate.configure({.policy = guard::PoolSettings::Policy::block, .wait = 5ms});
  const auto held = pools.enter(1h);
  ASSERT_EQ(held.outcome, PoolGate::Outcome::granted);
  EXPECT_EQ(pools.enter(1h).outcome, PoolGate::Outcome::expired);
  pools.gate.leave(*held.pool);
  const auto again = pools.enter(1h);
  EXPECT_EQ(again.outcome, PoolGate::Outcome::granted);
  pools.gate.leave(*again.pool);
}

TEST(CoreTurns, AShortOneIsNotHeldUpByALongOneAndOthersGetTheirTurn) {
  net::asio::io_context io(1);
  CoreTurns turns(io);
  std::vector<std::string> ended;
  const auto compute = [&](const char* name, Nanos time) -> net::Task<void> {
    co_await turns.compute(time);
    ended.emplace_back(name);
  };
  const auto all = [&]() -> net::Task<void> {
    net::TaskGroup group(io);
    group.spawn(compute("long", 6ms));
    group.spawn(compute("short", 1ms));
    group.spawn(compute("nothing", 0ms));
    co_await group.join();
  };
  net::run_task(io, all());
  EXPECT_EQ(ended, (std::vector<std::string>{"nothing", "short", "long"}));
}

}  // namespace
}  // namespace tidemark::shop
