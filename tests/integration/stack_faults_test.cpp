// Faults on demand in a real stack: they hurt, are seen, and end.
#include <gtest/gtest.h>

#include <fstream>

#include "scenarios/shop/fault.h"
#include "scenarios/shop/stack_control.h"
#include "tests/integration/stack_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
constexpr const char* kWish = R"({"user":1,"item":5,"quantity":2})";

json fault(const RunningStack& stack, const std::string& who, std::vector<std::string> words,
           std::optional<Nanos> lasts = std::nullopt) {
  json last;
  const auto nodes = shop::nodes_named(stack.info(), who);
  EXPECT_TRUE(nodes) << (nodes ? "" : nodes.error().message());
  if (!nodes) return last;
  for (const auto& node : *nodes) {
    auto state = shop::order_node(stack.info(), node, "/control/fault", shop::to_text({words, lasts}));
    EXPECT_TRUE(state) << (state ? "" : state.error().message());
    if (state) last = std::move(*state);
  }
  return last;
}

int browse(const RunningStack& stack, const std::string& deadline_ms = "4000", int item = 5) {
  const std::string target = "/browse?item=" + std::to_string(item);
  return stack.call("gateway-1", "GET", target, "", "", {{"x-tidemark-deadline-ms", deadline_ms}}).response.status;
}

TEST(StackFaults, SlowErrorsAndStallHurtAreSeenAndEnd) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  const Instant begin = Clock::now();
  const json state = fault(stack, "product", {"slow=300ms"});
  EXPECT_EQ(state["fault"], "slow=300ms");
  EXPECT_EQ(browse(stack), 200);
  EXPECT_GE(Clock::now() - begin, 300ms);
  EXPECT_EQ(stack.extra("product-1", "fault_now"), 1);
  EXPECT_EQ(stack.extra("product-1", "fault_slow_us_now"), 300'000);
  EXPECT_GE(stack.extra("product-1", "faults_met"), 1);
  EXPECT_NE(stack.call("product-1", "GET", "/metrics").response.body.find("tidemark_fault_slow_us"), std::string::npos);

  fault(stack, "product", {"errors=1"});
  EXPECT_EQ(browse(stack), 500);
  fault(stack, "product", {"stall"}, 700ms);
  EXPECT_EQ(browse(stack, "200"), 504) << "the caller's deadline ends the wait";
  EXPECT_EQ(browse(stack), 200) << "held until the fault is over, then answered";
  EXPECT_EQ(stack.extra("product-1", "fault_now"), 0);

  fault(stack, "product-1", {"errors=1"});
  EXPECT_EQ(browse(stack), 500);
  fault(stack, "product-1", {"clear"});
  EXPECT_EQ(browse(stack), 200);
  EXPECT_TRUE(eventually(5s, [&] {
    std::ifstream log(stack.dir / "logs" / "product-1.log");
    const std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
    return text.find("fault set") != std::string::npos && text.find("its time is over") != std::string::npos &&
           text.find("cleared") != std::string::npos;
  }));
}

TEST(StackFaults, ASlowStoreIsFeltByThoseWhoNeedIt) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  fault(stack, "store", {"slow=150ms"});
  Instant begin = Clock::now();
  EXPECT_EQ(stack.call("gateway-1", "POST", "/buy", kWish).response.status, 201);
  EXPECT_GE(Clock::now() - begin, 600ms) << "user, inventory, payment and the order's own row";
  fault(stack, "store", {"block=20ms"});
  begin = Clock::now();
  EXPECT_EQ(stack.call("gateway-1", "POST", "/buy", kWish).response.status, 201);
  EXPECT_GE(Clock::now() - begin, 80ms);
  fault(stack, "cache", {"stall"});
  EXPECT_EQ(browse(stack), 200) << "without the cache the store answers";
  EXPECT_GE(stack.extra("product-1", "cache_failures"), 1);
}

TEST(StackFaults, KilledNodesAreReportedAndTheOthersGoOn) {
  shop::Topology topology = shop::default_topology();
  topology.services["product"].nodes = 2;
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(fault(stack, "product-2", {"kill"})["fault"], "kill");
  ASSERT_TRUE(eventually(5s, [&] { return !stack.supervisor->deaths().empty(); }));
  EXPECT_EQ(stack.supervisor->deaths(), std::vector<std::string>{"product-2: killed by signal 9"});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(browse(stack), 200);
}

TEST(StackFaults, OrdersNeedTheKeyAndMakeSense) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  ASSERT_EQ(stack.info().control_key.size(), 64U);
  const std::string order = R"({"words":["stall"]})";
  const std::string almost = stack.info().control_key.substr(1) + "x";
  for (const std::string& key : {std::string(), std::string("0"), almost, stack.info().tag_key}) {
    const auto answer = stack.call("product-1", "POST", "/control/fault", order, "", {{"x-tidemark-control", key}});
    EXPECT_EQ(answer.response.status, 401) << key;
  }
  EXPECT_EQ(stack.call("product-1", "GET", "/control/fault").response.status, 401);
  EXPECT_EQ(browse(stack), 200);
  for (const char* wrong :
       {"", "{}", R"({"words":["slow"]})", R"({"words":["down"]})", R"({"words":["stall"],"for_ms":0})"}) {
    const auto answer = stack.call("product-1", "POST", "/control/fault", wrong, "",
                                   {{"x-tidemark-control", stack.info().control_key}});
    EXPECT_EQ(answer.response.status, 400) << wrong;
  }
  EXPECT_FALSE(shop::nodes_named(stack.info(), "produkt"));
  EXPECT_NE(shop::nodes_named(stack.info(), "produkt").error().what.find("did you mean 'product'"), std::string::npos);
}

TEST(StackFaults, AGateBetweenTwoServicesIsPassedByThemAlone) {
  shop::Topology topology = shop::default_topology();
  topology.gates = {{"product", "store"}, {"product", "cache"}};
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  EXPECT_EQ(stack.info().nodes.size(), 13U);
  EXPECT_EQ(browse(stack, "4000", 1), 200);
  EXPECT_GT(stack.extra("gate-1", "gate_bytes_up"), 0) << "product asked the store through it";
  EXPECT_GT(stack.extra("gate-2", "gate_bytes_up"), 0) << "and the cache";

  fault(stack, "product:cache", {"down"});
  fault(stack, "product:store", {"down"});
  EXPECT_EQ(browse(stack, "4000", 2), 502);
  EXPECT_EQ(stack.call("gateway-1", "POST", "/buy", kWish).response.status, 201) << "the others reach the store";
  EXPECT_EQ(stack.extra("gate-1", "gate_down_now"), 1);

  fault(stack, "product:store", {"slice=1..16B", "delay=50ms"});
  const Instant begin = Clock::now();
  EXPECT_EQ(browse(stack, "4000", 3), 200);
  EXPECT_GE(Clock::now() - begin, 100ms) << "50 ms each way";
  fault(stack, "product:store", {"reset=1"});
  EXPECT_EQ(browse(stack, "4000", 4), 502);
  EXPECT_GE(stack.extra("gate-1", "gate_resets"), 1);
  fault(stack, "product:store", {"reset=1"}, 50ms);
  EXPECT_TRUE(eventually(5s, [&] { return browse(stack, "4000", 4) == 200; }));
  fault(stack, "product:cache", {"clear"});
  EXPECT_TRUE(
      eventually(5s, [&] { return browse(stack, "4000", 5) == 200 && stack.extra("product-1", "cache_hits") > 0; }));
}

}  // namespace
}  // namespace tidemark::test
