// The shadow tag fails closed: at the edge, inside, and at whichever hop it gets lost.
#include <gtest/gtest.h>

#include "tests/integration/stack_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::string all_problems(const RunningStack& stack, std::string* node_named) {
  std::string all;
  for (const auto& target : stack.info().nodes) {
    const json answer = stack.get_json(target.node, "/problems");  // named: it must outlive the loop
    for (const auto& problem : answer.at("problems")) {
      all += problem.get<std::string>() + "\n";
      *node_named = target.node;
    }
  }
  return all;
}

TEST(StackTag, ForgedOnesAreRefusedAtTheEdge) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  std::string forged = stack.tag("browse");
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const std::string& tag : {forged, std::string("nonsense"), std::string("LIVE"), std::string(";;")}) {
    const auto answer = stack.call("gateway-1", "GET", "/browse?item=1", "", tag);
    EXPECT_EQ(answer.response.status, 403) << tag;
    EXPECT_EQ(json::parse(answer.response.body)["error"], "tag-forged");
  }
  std::string node;
  EXPECT_EQ(all_problems(stack, &node), "") << "somebody outside is no problem of a hop";
  EXPECT_EQ(stack.extra("gateway-1", "tag_refused"), 4);
  EXPECT_EQ(stack.get_json("product-1", "/watermark")["arrived"], 0);
}

TEST(StackTag, InsideUndecidedIsRefusedNamingTheCaller) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  std::string forged = stack.tag("buy");
  forged[20] = forged[20] == 'x' ? 'y' : 'x';
  for (const std::string& tag : {std::string(), forged, std::string("Live")}) {
    const auto answer = stack.call("inventory-1", "POST", "/reserve", R"({"item":1,"quantity":1})", tag,
                                   {{"x-tidemark-caller", "order-7"}});
    EXPECT_EQ(answer.response.status, 403) << tag;
    const json body = json::parse(answer.response.body);
    EXPECT_EQ(body["error"], "tag-undecided");
    EXPECT_EQ(body["caller"], "order-7");
    EXPECT_EQ(body["node"], "inventory-1");
  }
  const auto problems = stack.get_json("inventory-1", "/problems")["problems"];
  ASSERT_EQ(problems.size(), 1U) << problems;
  EXPECT_EQ(problems[0], "tag-undecided at inventory-1, called by order-7");
  EXPECT_EQ(stack.get_json("inventory-1", "/watermark")["arrived"], 0);
}

struct Fault {
  const char* strip;
  const char* inventory_by;
  const char* named;  // what the problem must say
};

class StackStrippedTag : public testing::TestWithParam<Fault> {};

TEST_P(StackStrippedTag, IsNamedWithinASecond) {
  const Fault fault = GetParam();
  shop::Topology topology = shop::default_topology();
  topology.strip_tag_towards = fault.strip;
  topology.inventory_by = fault.inventory_by;
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  stack.call("gateway-1", "GET", "/browse?item=1", "", stack.tag("browse"));
  stack.call("gateway-1", "POST", "/buy", R"({"user":1,"item":5,"quantity":2})", stack.tag("buy"));
  std::string problems, node;
  EXPECT_TRUE(eventually(1s, [&] {
    problems += all_problems(stack, &node);
    return problems.find(fault.named) != std::string::npos;
  })) << problems;
}

INSTANTIATE_TEST_SUITE_P(
    EveryHop, StackStrippedTag,
    testing::Values(Fault{"product", "call", "tag-undecided at product-1, called by gateway-1"},
                    Fault{"order", "call", "tag-undecided at order-1, called by gateway-1"},
                    Fault{"user", "call", "tag-undecided at user-1, called by order-1"},
                    Fault{"inventory", "call", "tag-undecided at inventory-1, called by order-1"},
                    Fault{"payment", "call", "tag-undecided at payment-1, called by order-1"},
                    Fault{"store", "call", "tag-undecided at store-1, called by product-1"},
                    Fault{"cache", "call", "tag-undecided at cache-1, called by product-1"},
                    Fault{"events", "call", "tag-undecided at events-1, called by order-1"},
                    Fault{"consumer", "call", "tag-undecided at notification-1, called by order-1"},
                    Fault{"consumer", "event", "tag-undecided at inventory-1, called by order-1"},
                    Fault{"retry:product", "call", "tag-undecided at product-1, called by gateway-1"},
                    Fault{"retry:user", "call", "tag-undecided at user-1, called by order-1"}),
    [](const auto& info) {
      std::string name = std::string(info.param.strip) + "_" + info.param.inventory_by;
      for (char& letter : name) letter = letter == ':' ? '_' : letter;
      return name;
    });

}  // namespace
}  // namespace tidemark::test
