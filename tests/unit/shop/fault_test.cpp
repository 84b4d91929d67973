// The words of faults, and what a node's fault does to a request.
#include "scenarios/shop/fault.h"

#include <gtest/gtest.h>

#include "scenarios/shop/node_faults.h"
#include "tests/unit/net/run_task.h"

namespace tidemark::shop {
namespace {

using namespace std::chrono_literals;

TEST(Fault, WordsMeanWhatTheySay) {
  struct {
    std::vector<std::string> words;
    Fault fault;
  } const cases[] = {{{}, {}},
                     {{"clear"}, {}},
                     {{"slow=50ms"}, {.slow_by = 50ms}},
                     {{"slow=x3"}, {.slow_factor = 3}},
                     {{"block=5ms"}, {.block = 5ms}},
                     {{"errors=0.2"}, {.errors = 0.2}},
                     {{"errors=20%", "slow=1s"}, {.slow_by = 1s, .errors = 0.2}},
                     {{"stall"}, {.stall = true}},
                     {{"kill"}, {.kill = true}}};
  for (const auto& each : cases) {
    const auto fault = parse_fault(each.words);
    ASSERT_TRUE(fault) << fault.error().message();
    EXPECT_TRUE(*fault == each.fault) << to_words(*fault);
  }
  EXPECT_EQ(to_words(*parse_fault(std::vector<std::string>{"errors=20%", "slow=1s"})), "slow=1s errors=0.2");
  EXPECT_EQ(to_words({}), "clear");
}

TEST(Fault, WrongWordsAreNamed) {
  struct {
    std::vector<std::string> words;
    std::string said;
  } const cases[] = {{{"slow"}, "slow must be a time up to 60s"},
                     {{"slow=2m"}, "slow must be a time"},
                     {{"slow=x0.5"}, "slow=x must be a factor from 1 to 1000"},
                     {{"slow=xx"}, "slow=x must be a factor"},
                     {{"slow=1ms", "slow=x2"}, "'slow' is written twice"},
                     {{"block=2s"}, "block must be a time up to 1s"},
                     {{"errors=-0.1"}, "errors must be a share"},
                     {{"eror=0.1"}, "did you mean 'errors'"},
                     {{"stall=5s"}, "stall takes no value"},
                     {{"kill", "stall"}, "kill stands alone"},
                     {{"clear", "stall"}, "clear stands alone"}};
  for (const auto& wrong : cases) {
    const auto fault = parse_fault(wrong.words);
    ASSERT_FALSE(fault) << wrong.said;
    EXPECT_NE(fault.error().what.find(wrong.said), std::string::npos) << fault.error().what;
  }
}

TEST(FaultOrder, SurvivesItsTextAndRefusesOthers) {
  for (const FaultOrder& order : {FaultOrder{{"slow=50ms", "stall"}, 30s}, FaultOrder{{"clear"}, std::nullopt}}) {
    const auto again = parse_fault_order(to_text(order));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->words, order.words);
    EXPECT_EQ(again->lasts, order.lasts);
  }
  for (const char* wrong : {"", "[]", "{", R"({"words":"slow"})", R"({"words":[1]})", R"({"for_ms":1})",
                            R"({"words":[],"for_ms":0})", R"({"words":[],"for_ms":-1})", R"({"words":[],"for_ms":"1"})",
                            R"({"words":[],"for_ms":99999999999})", R"({"words":[],"for_ms":1.5})"}) {
    EXPECT_FALSE(parse_fault_order(wrong)) << wrong;
  }
}

struct Node {
  net::asio::io_context io{1};
  NodeCounters counters;
  std::vector<std::string> logged;
  NodeFaults faults{io, 1, "product-1", counters,
                    [this](const std::string& message, const auto&) { logged.push_back(message); }};
  double shown(const std::string& name) { return *counters.extra(name); }
  int meet(Instant deadline) {
    int status = -1;
    const auto task = [&]() -> net::Task<void> { status = co_await faults.meet(deadline); };
    net::run_task(io, task());
    return status;
  }
};

TEST(NodeFaults, SlowMultipliesAndAdds) {
  Node node;
  node.faults.begin({.slow_factor = 3, .slow_by = 5ms}, std::nullopt);
  const auto slowed = node.faults.slowed({.compute = 1ms, .wait = 2ms});
  EXPECT_EQ(slowed.compute, 3ms);
  EXPECT_EQ(slowed.wait, 11ms);
  EXPECT_EQ(node.shown("fault_now"), 1);
  EXPECT_EQ(node.shown("fault_slow_us_now"), 5000);
  EXPECT_EQ(node.shown("fault_slow_factor_now"), 3);
}

TEST(NodeFaults, FailsTheShareItWasAskedFor) {
  Node node;
  node.faults.begin({.errors = 0.25}, std::nullopt);
  int failed = 0;
  for (int i = 0; i < 4000; ++i) failed += node.meet(Clock::now() + 1s) == 500 ? 1 : 0;
  EXPECT_NEAR(failed, 1000, 110);  // four standard deviations
  EXPECT_EQ(node.shown("faults_met"), 4000);
}

TEST(NodeFaults, StallEndsWithTheDeadlineOrTheFault) {
  Node node;
  node.faults.begin({.stall = true}, std::nullopt);
  EXPECT_EQ(node.meet(Clock::now() + 1ms), 504);
  net::Timer clear(node.io.get_executor(), Clock::now());
  clear.async_wait([&](const net::ErrorCode&) { node.faults.begin({}, std::nullopt); });
  EXPECT_EQ(node.meet(Clock::now() + 1h), 0) << "whoever is held goes on when the fault is cleared";
  EXPECT_FALSE(node.faults.active());
  EXPECT_EQ(node.shown("fault_now"), 0);
  EXPECT_EQ(node.logged, (std::vector<std::string>{"fault set", "fault over"}));
}

TEST(NodeFaults, EndByThemselves) {
  Node node;
  node.faults.begin({.stall = true}, 5ms);
  EXPECT_EQ(node.meet(Clock::now() + 1h), 0);
  EXPECT_FALSE(node.faults.active());
  EXPECT_FALSE(node.faults.left(Clock::now()));
}

TEST(NodeFaults, ANewFaultReplacesTheOldOneAndItsTime) {
  Node node;
  node.faults.begin({.stall = true}, 1h);
  EXPECT_GT(*node.faults.left(Clock::now()), 59min);
  node.faults.begin({.errors = 1}, std::nullopt);
  EXPECT_FALSE(node.faults.left(Clock::now()));
  EXPECT_EQ(node.meet(Clock::now() + 1h), 500);
}

}  // namespace
}  // namespace tidemark::shop
