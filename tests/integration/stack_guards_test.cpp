// Every guard of the live stack does what it is for, with real nodes and injected faults, and is changed while they
// run.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "scenarios/shop/fault.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/stack_control.h"
#include "tests/integration/stack_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
constexpr const char* kWish = R"({"user":1,"item":5,"quantity":2})";

struct GuardedStack : RunningStack {
  using RunningStack::RunningStack;

  json order(const std::string& who, const std::string& route, const std::string& body) const {
    json last;
    const auto nodes = shop::nodes_named(info(), who);
    EXPECT_TRUE(nodes) << (nodes ? "" : nodes.error().message());
    if (!nodes) return last;
    for (const auto& node : *nodes) {
      auto state = shop::order_node(info(), node, route, body);
      EXPECT_TRUE(state) << (state ? "" : state.error().message());
      if (state) last = std::move(*state);
    }
    return last;
  }
  void fault(const std::string& who, std::vector<std::string> words) const {
    order(who, "/control/fault", shop::to_text({std::move(words), std::nullopt}));
  }
  json guard(const std::string& who, const std::vector<std::string>& changes) const {
    const auto patch = shop::guard_patch(changes);
    EXPECT_TRUE(patch) << (patch ? "" : patch.error().message());
    return patch ? order(who, "/control/guard", patch->dump()) : json();
  }
  net::CallResult browse(const std::string& deadline_ms = "4000", int item = 5) const {
    return call("gateway-1", "GET", "/browse?item=" + std::to_string(item), "", "",
                {{"x-tidemark-deadline-ms", deadline_ms}});
  }
  net::CallResult buy(const std::string& deadline_ms = "8000") const {
    return call("gateway-1", "POST", "/buy", kWish, "", {{"x-tidemark-deadline-ms", deadline_ms}});
  }
};

std::string text_of(const net::CallResult& result) {
  return std::to_string(result.response.status) + " " + result.response.body + result.error;
}

TEST(StackGuards, BreakerOpensOnInjectedErrorsAndClosesWhenTheyEnd) {
  shop::Topology topology = shop::default_topology();
  topology.guard = json::parse(R"({"breaker": {"kind": "sequential"}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(stack.browse().response.status, 200);
  stack.fault("product", {"errors=1"});
  EXPECT_TRUE(eventually(20s, [&] {
    stack.browse();
    return stack.extra("gateway-1", "breaker_product_trips") >= 1;
  }));
  EXPECT_TRUE(eventually(5s, [&] { return stack.browse().response.body.find("breaker-open") != std::string::npos; }));
  EXPECT_GE(stack.extra("gateway-1", "refused_by_breaker"), 1);
  EXPECT_EQ(stack.buy().response.status, 201) << "a breaker of one service does not stop the others";
  stack.fault("product", {"clear"});
  EXPECT_TRUE(eventually(20s, [&] {
    return stack.browse().response.status == 200 && stack.extra("gateway-1", "breaker_product_open_now") == 0 &&
           stack.extra("gateway-1", "breaker_product_half_open_now") == 0;
  }));
  EXPECT_NE(stack.call("gateway-1", "GET", "/metrics").response.body.find("tidemark_breaker_product_trips_total"),
            std::string::npos);
}

TEST(StackGuards, RetriesAreOfIdempotentCallsAndUnderABudget) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard =
      json::parse(R"({"retry": {"attempts": 3, "first": "2ms", "jitter": 0, "budget": {"kind": "none"}}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.fault("product", {"errors=1"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stack.browse().response.status, 500);
  EXPECT_EQ(stack.get_json("product-1", "/watermark")["arrived"], 15) << "three attempts each";
  EXPECT_EQ(stack.extra("gateway-1", "retries"), 10);
  stack.fault("order", {"errors=1"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stack.buy().response.status, 500);
  EXPECT_EQ(stack.get_json("order-1", "/watermark")["arrived"], 5) << "buying twice is not the same as buying";

  stack.guard("gateway", {"retry.budget.kind=share", "retry.budget.ratio=0.1", "retry.budget.floor_per_second=0"});
  for (int i = 0; i < 60; ++i) stack.browse();
  const double retries = stack.extra("gateway-1", "retries") - 10;
  EXPECT_GE(retries, 1);
  EXPECT_LE(retries, 7) << "a tenth of sixty requests, and one";
  EXPECT_GT(stack.extra("gateway-1", "retries_over_budget"), 40);
}

TEST(StackGuards, AttemptsHaveATimeOutOfTheirOwn) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard =
      json::parse(R"({"calls": {"timeout": "100ms"}, "retry": {"attempts": 2, "first": "1ms"}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.fault("product", {"stall"});
  const Instant begin = Clock::now();
  EXPECT_EQ(stack.browse("30000").response.status, 504);
  EXPECT_GE(Clock::now() - begin, 200ms);
  EXPECT_LT(Clock::now() - begin, 10s) << "not the thirty seconds of the caller's patience";
  EXPECT_EQ(stack.extra("gateway-1", "retries"), 1);
}

TEST(StackGuards, EdgeRefusesByListAndByRateAndIsChangedWhileItRuns) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard =
      json::parse(R"({"lists": {"deny": ["203.0.113.0/24"]}, "edge": {"forwarded_by": ["127.0.0.0/8"]}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  const auto from = [&](const std::string& client) {
    return stack.call("gateway-1", "GET", "/browse?item=5", "", "", {{"x-forwarded-for", client}}).response.status;
  };
  EXPECT_EQ(stack.browse().response.status, 200);
  EXPECT_EQ(from("203.0.113.7"), 403);
  EXPECT_EQ(from("198.51.100.1"), 200);
  EXPECT_EQ(from("198.51.100.1, 203.0.113.7"), 403) << "the last hop that we trust to have added one says who it was";
  EXPECT_EQ(from("203.0.113.7, 198.51.100.1"), 200) << "what stands before that was written by the client";
  EXPECT_EQ(stack.extra("gateway-1", "edge_denied"), 2);
  stack.guard("gateway", {"lists.allow=[\"198.51.100.0/24\"]", "lists.deny=[]"});
  EXPECT_EQ(from("203.0.113.7"), 403) << "not on the allow list";
  EXPECT_EQ(from("198.51.100.1"), 200);
  stack.guard("gateway", {"lists=off", "edge.rate=0.001", "edge.burst=2"});
  EXPECT_EQ(stack.browse().response.status, 200);
  EXPECT_EQ(stack.browse().response.status, 200);
  const auto refused = stack.browse();
  EXPECT_EQ(refused.response.status, 429);
  EXPECT_NE(refused.response.headers.find("retry-after"), nullptr);
  stack.guard("gateway", {"edge=off"});
  EXPECT_EQ(stack.browse().response.status, 200);
}

// Holds `count` browses in the stalled product service while `meanwhile` runs; how they were answered.
std::map<int, int> while_browses_hang(const GuardedStack& stack, int count, const std::function<void()>& meanwhile) {
  std::vector<std::thread> callers;
  std::vector<int> answers(static_cast<std::size_t>(count));
  std::atomic<int> ended{0};
  for (int i = 0; i < count; ++i) {
    callers.emplace_back([&, i] {
      answers[static_cast<std::size_t>(i)] = stack.browse("6000").response.status;
      ++ended;
    });
  }
  EXPECT_TRUE(eventually(
      5s, [&] { return stack.get_json("gateway-1", "/watermark")["in_use"].get<int>() + ended.load() >= count; }));
  meanwhile();
  for (auto& caller : callers) caller.join();
  std::map<int, int> counts;
  for (const int status : answers) ++counts[status];
  return counts;
}

TEST(StackGuards, ABrowseThatHangsDoesNotSinkTheCorePath) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].workers = 10;
  topology.services["gateway"].queue_limit = 0;
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.fault("product", {"stall"});
  while_browses_hang(stack, 12, [&] {
    EXPECT_EQ(stack.buy().response.status, 503) << "without isolation browsing holds every worker of the gateway";
    stack.fault("product", {"clear"});
  });
  stack.guard("gateway", {R"(bulkhead={"slots": 10, "groups": [{"name": "core", "share": 0.5}]})"});
  stack.fault("product", {"stall"});
  const auto answers = while_browses_hang(stack, 12, [&] {
    EXPECT_EQ(stack.buy().response.status, 201) << "half of them belong to orders";
    stack.fault("product", {"clear"});
  });
  EXPECT_EQ(answers.at(200), 5);
  EXPECT_EQ(answers.at(503), 7);
  EXPECT_EQ(stack.extra("gateway-1", "refused_browse"), 7);
  EXPECT_EQ(stack.extra("gateway-1", "refused_core"), 0);
}

TEST(StackGuards, ABulkheadOfCallsRefusesInsteadOfPilingUp) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard =
      json::parse(R"({"calls": {"bulkhead": {"slots": 4, "groups": [{"name": "core", "share": 0.5}]}}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.fault("product", {"stall"});
  const auto answers = while_browses_hang(stack, 6, [&] {
    EXPECT_EQ(stack.buy().response.status, 201);
    EXPECT_EQ(stack.extra("gateway-1", "bulkhead_product_now"), 2) << "the other two are owned by core";
    stack.fault("product", {"clear"});
  });
  EXPECT_EQ(answers.at(200), 2);
  EXPECT_EQ(answers.at(503), 4);
  EXPECT_EQ(stack.extra("gateway-1", "refused_by_bulkhead"), 4);
}

TEST(StackGuards, ALimiterRefusesAtTheNodeAndTellsByPriority) {
  shop::Topology topology = shop::default_topology();
  topology.services["product"].guard = json::parse(R"({"limiter": {"kind": "fixed", "max": 2}})");
  topology.guard = json::parse(R"({"breaker": {"kind": "gobreaker"}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(stack.extra("product-1", "limit_now"), 2);
  stack.fault("product", {"stall"});
  const auto answers = while_browses_hang(stack, 10, [&] {
    EXPECT_TRUE(eventually(5s, [&] { return stack.extra("product-1", "refused_browse") >= 8; }));
    stack.fault("product", {"clear"});
  });
  EXPECT_EQ(answers.at(200), 2);
  EXPECT_EQ(answers.at(503), 8);
  EXPECT_EQ(stack.extra("product-1", "refused_by_limiter"), stack.extra("product-1", "refused_browse"));
  EXPECT_EQ(stack.extra("gateway-1", "breaker_product_trips"), 0) << "who protects itself is not broken";
  const json state = stack.guard("product", {"limiter.kind=tide"});
  EXPECT_EQ(state["guard"]["limiter"], json::parse(R"({"kind":"tide"})"));
  EXPECT_EQ(stack.browse().response.status, 200);
  stack.guard("product", {"limiter=off"});
  EXPECT_EQ(stack.browse().response.status, 200);
}

TEST(StackGuards, OrdersGoStraightWaitInABufferOrGoIntoTheLog) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard = json::parse(R"({"buffer": {"mode": "direct"}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(stack.buy().response.status, 201);

  stack.guard("gateway", {"buffer.mode=buffer", "buffer.rate=4", "buffer.burst=1", "buffer.capacity=3"});
  std::vector<std::thread> buyers;
  std::atomic<int> bought{0}, refused{0};
  const Instant begin = Clock::now();
  for (int i = 0; i < 8; ++i) {
    buyers.emplace_back([&] {
      const int status = stack.buy().response.status;
      ++(status == 201 ? bought : refused);
      EXPECT_TRUE(status == 201 || status == 503) << status;
    });
  }
  for (auto& buyer : buyers) buyer.join();
  EXPECT_GE(bought, 4) << "one at once, three from the buffer";
  EXPECT_LE(bought, 5);
  EXPECT_EQ(bought + refused, 8);
  EXPECT_GE(Clock::now() - begin, 740ms) << "at four a second";

  stack.guard("gateway", {"buffer.mode=queue"});
  std::vector<std::string> tickets;
  for (int i = 0; i < 5; ++i) {
    const auto queued = stack.buy();
    ASSERT_EQ(queued.response.status, 202) << text_of(queued);
    tickets.push_back(json::parse(queued.response.body)["ticket"]);
  }
  EXPECT_TRUE(eventually(10s, [&] { return stack.extra("order-1", "orders_from_queue") == 5; }));
  for (const auto& ticket : tickets) {
    const auto row = stack.call("store-1", "GET", "/row?world=live&table=orders&key=" + ticket, "", "live");
    EXPECT_EQ(row.response.status, 200) << ticket << text_of(row);
  }
  EXPECT_EQ(stack.extra("payment-1", "bank_charges"), 1 + bought + 5) << "nothing is charged twice";
}

TEST(StackGuards, DegradeStepsAreTakenInOrderBySignalAndUndone) {
  shop::Topology topology = shop::default_topology();
  topology.services["gateway"].guard = json::parse(R"({
      "breaker": {"kind": "sequential"},
      "degrade": {"steps": [
        {"name": "browse-cached", "signal": "breakers_open", "on": 1, "off": 0, "after": "0ms", "back": "1s"},
        {"name": "browse-off", "signal": "queued", "on": 1000, "off": 10}]}})");
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(stack.browse("4000", 7).response.status, 200);
  stack.fault("product", {"errors=1"});
  EXPECT_TRUE(eventually(20s, [&] {
    stack.browse("4000", 8);
    return stack.extra("gateway-1", "degrade_browse-cached_now") == 1;
  }));
  const auto copy = stack.browse("4000", 7);
  EXPECT_EQ(copy.response.status, 200) << "seen before the fault";
  ASSERT_NE(copy.response.headers.find("x-tidemark-degraded"), nullptr);
  EXPECT_NE(stack.browse("4000", 9).response.status, 200) << "never seen";
  EXPECT_EQ(stack.extra("gateway-1", "degrade_browse-off_now"), 0);
  stack.fault("product", {"clear"});
  EXPECT_TRUE(eventually(20s, [&] {
    stack.browse("4000", 8);  // somebody must probe
    return stack.extra("gateway-1", "degrade_browse-cached_now") == 0;
  }));
  EXPECT_EQ(stack.browse("4000", 7).response.headers.find("x-tidemark-degraded"), nullptr);

  const auto hold = [&](const char* step, const char* how) {
    return stack.order("gateway", "/control/degrade", json{{"step", step}, {"hold", how}}.dump())["taken"];
  };
  EXPECT_EQ(hold("browse-off", "on")["browse-off"], true);
  int refused = 0;
  for (int i = 0; i < 16; ++i) refused += stack.browse().response.status == 503 ? 1 : 0;
  EXPECT_EQ(refused, 15) << "one in sixteen probes";
  EXPECT_EQ(stack.buy().response.status, 201) << "what earns money goes on";
  EXPECT_EQ(hold("browse-off", "off")["browse-off"], false);
  EXPECT_EQ(stack.browse().response.status, 200);
}

TEST(StackGuards, PoolPoliciesRejectBlockOrKnowNoBound) {
  shop::Topology topology = shop::default_topology();
  topology.services["product"].workers = 2;
  topology.services["product"].queue_limit = 3;
  GuardedStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.fault("product", {"stall"});
  auto answers = while_browses_hang(stack, 8, [&] { stack.fault("product", {"clear"}); });
  EXPECT_GE(answers[200], 5);

  stack.guard("product", {"pool.policy=block", "pool.wait=150ms"});
  stack.fault("product", {"stall"});
  const auto failed = [&] { return stack.get_json("product-1", "/watermark")["failed"].get<int>(); };
  const int before = failed();
  answers = while_browses_hang(stack, 5, [&] {
    EXPECT_TRUE(eventually(5s, [&] { return failed() == before + 3; })) << "none waits longer than the policy says";
    stack.fault("product", {"clear"});
  });
  EXPECT_EQ(answers[200], 2);
  EXPECT_EQ(answers[504], 3);

  stack.guard("product", {"pool.policy=unbounded"});
  EXPECT_EQ(stack.get_json("product-1", "/watermark")["workers"], 0) << "no bound";
  stack.fault("product", {"stall"});
  answers = while_browses_hang(stack, 12, [&] {
    EXPECT_TRUE(eventually(5s, [&] { return stack.get_json("product-1", "/watermark")["in_use"] == 12; }));
    stack.fault("product", {"clear"});
  });
  EXPECT_EQ(answers[200], 12);
  stack.guard("product", {"pool=off"});
  EXPECT_EQ(stack.browse().response.status, 200);
  EXPECT_EQ(stack.get_json("product-1", "/watermark")["workers"], 2);
}

TEST(StackGuards, AWrongChangeChangesNothing) {
  GuardedStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.guard("product", {"limiter.kind=fixed", "limiter.max=7"});
  const auto node = shop::nodes_named(stack.info(), "product");
  ASSERT_TRUE(node);
  for (const char* wrong :
       {R"({"limiter": {"max": 0}})", R"({"limiter": {"kind": "tiide"}})", R"({"nonsense": 1})", "[]", "{"}) {
    const auto state = shop::order_node(stack.info(), node->front(), "/control/guard", wrong);
    ASSERT_FALSE(state) << wrong;
    EXPECT_EQ(state.error().code, ExitCode::usage) << wrong;
  }
  EXPECT_EQ(stack.extra("product-1", "limit_now"), 7);
  EXPECT_EQ(stack.call("product-1", "POST", "/control/guard", "{}").response.status, 401);
  EXPECT_EQ(stack.browse().response.status, 200);
}

}  // namespace
}  // namespace tidemark::test
