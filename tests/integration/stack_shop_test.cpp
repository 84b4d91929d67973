// The shop as its customers see it, and what its nodes tell of themselves.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "tests/integration/stack_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
constexpr const char* kWish = R"({"user":1,"item":5,"quantity":2})";
constexpr const char* kTrace =
    "0000000000000000000000000000a014";  // 0xa014 = 40980, a multiple of the default span_sample 20

TEST(Stack, BrowsesAndBuysForLiveAndShadowAlike) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  for (const std::string& tag : {std::string(), std::string("live"), stack.tag("browse")}) {
    for (int again = 0; again < 2; ++again) {
      const auto browsed = stack.call("gateway-1", "GET", "/browse?item=5", "", tag);
      EXPECT_EQ(browsed.response.status, 200) << browsed.error << browsed.response.body;
    }
    const auto bought = stack.call("gateway-1", "POST", "/buy", kWish, tag);
    EXPECT_EQ(bought.response.status, 201) << bought.error << bought.response.body;
    EXPECT_TRUE(json::parse(bought.response.body).contains("order"));
  }
  EXPECT_TRUE(eventually(5s, [&] { return stack.extra("notification-1", "mails_stub") == 1; }));
  EXPECT_TRUE(eventually(5s, [&] { return stack.extra("notification-1", "mails") == 2; }));
  EXPECT_EQ(stack.extra("payment-1", "bank_stub_charges"), 1);
  EXPECT_EQ(stack.extra("payment-1", "bank_charges"), 2);
  EXPECT_GT(stack.extra("product-1", "cache_hits"), 0);
  EXPECT_GT(stack.extra("product-1", "cache_misses"), 0);
  const auto problems = stack.get_json("product-1", "/problems");
  EXPECT_EQ(problems["problems"].size(), 0U) << problems;
}

TEST(Stack, RefusesWhatItCannotServe) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  struct {
    const char *method, *target, *body;
    int status;
  } const cases[] = {{"GET", "/browse", "", 400},
                     {"GET", "/browse?item=0", "", 400},
                     {"GET", "/browse?item=-1", "", 400},
                     {"GET", "/browse?item=1/../../orders", "", 400},
                     {"GET", "/browse?item=99999999", "", 404},
                     {"POST", "/browse?item=1", "", 405},
                     {"GET", "/nowhere", "", 404},
                     {"POST", "/buy", "", 400},
                     {"POST", "/buy", "[]", 400},
                     {"POST", "/buy", R"({"user":1,"item":5,"quantity":-2})", 400},
                     {"POST", "/buy", R"({"user":99999999,"item":5,"quantity":1})", 404},
                     {"POST", "/buy", R"({"user":1,"item":5,"quantity":999999999})", 409}};
  for (const auto& wrong : cases) {
    const auto answer = stack.call("gateway-1", wrong.method, wrong.target, wrong.body);
    EXPECT_EQ(answer.response.status, wrong.status) << wrong.target << " " << wrong.body << " " << answer.response.body;
  }
  const auto late = stack.call("gateway-1", "GET", "/browse?item=1", "", "", {{"x-tidemark-deadline-ms", "1"}});
  EXPECT_EQ(late.response.status, 504) << late.response.body;
}

TEST(Stack, WatermarkSpansAndLogTellOfTheRequest) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  const std::string traceparent = std::string("00-") + kTrace + "-00000000000000aa-01";
  const auto bought = stack.call("gateway-1", "POST", "/buy", kWish, stack.tag("buy"), {{"traceparent", traceparent}});
  ASSERT_EQ(bought.response.status, 201) << bought.response.body;
  ASSERT_TRUE(eventually(5s, [&] { return stack.extra("notification-1", "mails_stub") == 1; }));

  std::set<std::string> services, ids, parents;
  for (const auto& target : stack.info().nodes) {
    const json scraped = stack.get_json(target.node, "/scrape");
    ASSERT_TRUE(scraped.is_object()) << target.node;
    ASSERT_TRUE(parse_watermark(scraped["watermark"], target.node));
    for (const auto& span : scraped["spans"]) {
      if (span["traceId"] != kTrace) continue;
      services.insert(target.service);
      ids.insert(span["id"]);
      parents.insert(span["parentId"]);
      EXPECT_EQ(span["tags"]["flow"], "buy");
    }
  }
  EXPECT_EQ(services, (std::set<std::string>{"gateway", "order", "user", "inventory", "payment", "store", "events",
                                             "notification"}));
  parents.erase("00000000000000aa");
  for (const auto& parent : parents) EXPECT_TRUE(ids.contains(parent)) << "no span has the id " << parent;

  const json order = stack.get_json("order-1", "/watermark");
  EXPECT_EQ(order["arrived"], 1);
  EXPECT_EQ(order["completed"], 1);
  EXPECT_EQ(order["flow_requests"]["buy"], 1);
  EXPECT_EQ(order["operation_completed"]["create"], 1);
  EXPECT_GT(order["operation_busy_seconds"]["create"].get<double>(), 0);
  EXPECT_GT(order["busy_seconds"].get<double>(), 0);

  std::ifstream log(stack.dir / "logs" / "order-1.log");
  std::string line;
  ASSERT_TRUE(std::getline(log, line));
  const json first = json::parse(line, nullptr, false);
  EXPECT_EQ(first["message"], "ready") << line;
  EXPECT_EQ(first["service"], "order");
}

TEST(Stack, MetricsOfEveryNodePassPromtool) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "skipped: promtool is not installed";
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  ASSERT_EQ(stack.call("gateway-1", "POST", "/buy", kWish, stack.tag("buy")).response.status, 201);
  for (const auto& target : stack.info().nodes) {
    const auto metrics = stack.call(target.node, "GET", "/metrics");
    ASSERT_EQ(metrics.response.status, 200);
    FILE* promtool = popen("promtool check metrics", "w");
    ASSERT_NE(promtool, nullptr);
    std::fwrite(metrics.response.body.data(), 1, metrics.response.body.size(), promtool);
    EXPECT_EQ(pclose(promtool), 0) << target.node << "\n" << metrics.response.body;
  }
}

TEST(Stack, InventoryLearnsByEventInsteadOfByCall) {
  shop::Topology topology = shop::default_topology();
  topology.inventory_by = "event";
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  ASSERT_EQ(stack.call("gateway-1", "POST", "/buy", kWish, stack.tag("buy")).response.status, 201);
  EXPECT_TRUE(eventually(5s, [&] { return stack.extra("inventory-1", "events_handled") == 1; }));
  EXPECT_EQ(stack.call("inventory-1", "POST", "/reserve", "{}", "live").response.status, 404) << "never both";
}

TEST(Stack, GatewayObeysLimitsAndRereadsThem) {
  const auto dir = fresh_dir("limits");
  auto write_limit = [&](double rate) {
    std::ofstream(dir / "new.json") << json{{"schema", "tidemark.limits/1"},
                                            {"limits", {{"gateway", {{"rate", rate}, {"burst", 2}}}}}};
    std::filesystem::rename(dir / "new.json", dir / "limits.json");
  };
  write_limit(0.001);
  RunningStack stack(shop::default_topology(), dir / "limits.json");
  ASSERT_TRUE(stack.up()) << stack.error();
  auto browse = [&] { return stack.call("gateway-1", "GET", "/browse?item=1"); };
  EXPECT_EQ(browse().response.status, 200);
  EXPECT_EQ(browse().response.status, 200);
  const auto turned_away = browse();
  EXPECT_EQ(turned_away.response.status, 429);
  ASSERT_NE(turned_away.response.headers.find("retry-after"), nullptr);
  EXPECT_EQ(stack.get_json("gateway-1", "/watermark")["refused"], 1);
  write_limit(10'000);
  EXPECT_TRUE(eventually(5s, [&] { return browse().response.status == 200; }));
  std::filesystem::remove_all(dir);
}

TEST(Stack, LoadSpreadsOverTheNodesOfAService) {
  shop::Topology topology = shop::default_topology();
  topology.services["product"].nodes = 3;
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  for (int item = 1; item <= 60; ++item) {
    ASSERT_EQ(stack.call("gateway-1", "GET", "/browse?item=" + std::to_string(item)).response.status, 200);
  }
  int arrived = 0;
  for (const std::string node : {"product-1", "product-2", "product-3"}) {
    const int share = stack.get_json(node, "/watermark")["arrived"];
    EXPECT_GE(share, 5) << node;  // 20 expected, standard deviation 3.7
    arrived += share;
  }
  EXPECT_EQ(arrived, 60);
}

}  // namespace
}  // namespace tidemark::test
