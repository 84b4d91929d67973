// The store node over HTTP, and its client.
#include "scenarios/shop/store_client.h"
#include "tests/integration/stores_fixture.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
using Status = StoreResult::Status;

class StoreNodeTest : public StoresTest {
 protected:
  void SetUp() override {
    for (const char* service : {"registry", "store", "probe"}) ASSERT_NO_FATAL_FAILURE(start(service));
    await_discovery("probe", {"store"});
  }
  json ask(const std::string& path, const std::string& tag, const json& body) {
    const Answer answer = send(endpoint("probe"), "POST", path, tag, body.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  static Status status(const json& reply) { return static_cast<Status>(reply.at("status").get<int>()); }
};

TEST_F(StoreNodeTest, TheClientKeepsTheTwoWorldsApart) {
  const json row{{"table", "orders"}, {"key", "a b&c"}, {"fields", {{"n", 1}}}};
  EXPECT_EQ(status(ask("/put", kLiveTag, row)), Status::ok);
  EXPECT_EQ(status(ask("/get", shadow_tag(), row)), Status::missing);
  EXPECT_EQ(status(ask("/put", shadow_tag(), row)), Status::ok);
  EXPECT_EQ(json::parse(ask("/get", kLiveTag, row)["payload"].get<std::string>()), (json{{"n", 1}, {"_run", ""}}));
  EXPECT_EQ(json::parse(ask("/get", shadow_tag(), row)["payload"].get<std::string>()),
            (json{{"n", 1}, {"_run", kRun}}));
}

TEST_F(StoreNodeTest, ReferenceDataIsReadUnderAShadowTagAndNeverWritten) {
  const json row{{"table", "products"}, {"key", "17"}, {"fields", {{"n", 1}}}};
  EXPECT_EQ(json::parse(ask("/get", shadow_tag(), row)["payload"].get<std::string>())["name"], "Product 17");
  const json refused = ask("/put", shadow_tag(), row);
  EXPECT_EQ(status(refused), Status::refused);
  EXPECT_NE(refused["error"].get<std::string>().find("reference-data"), std::string::npos) << refused;
  EXPECT_EQ(status(ask("/put", kLiveTag, row)), Status::ok);
}

TEST_F(StoreNodeTest, StockIsTakenUntilThereIsNone) {
  const json take{{"table", "inventory"}, {"key", "7"},   {"field", "stock"},
                  {"delta", -2},          {"minimum", 0}, {"initial", 5}};
  EXPECT_EQ(status(ask("/add", shadow_tag(), take)), Status::ok);
  EXPECT_EQ(status(ask("/add", shadow_tag(), take)), Status::ok);
  EXPECT_EQ(status(ask("/add", shadow_tag(), take)), Status::conflict);
  EXPECT_EQ(status(ask("/get", kLiveTag, take)), Status::missing);
}

TEST_F(StoreNodeTest, ScansInPages) {
  const json page = ask("/scan", shadow_tag(), {{"table", "products"}, {"limit", 100}});
  EXPECT_EQ(page["rows"], 100);
  EXPECT_EQ(ask("/scan", shadow_tag(), {{"table", "products"}, {"limit", 1000}, {"after", page["next"]}})["rows"], 900);
}

TEST_F(StoreNodeTest, AnUndecidedRequestIsRefusedNamingTheCaller) {
  const Answer answer = send(endpoint("store"), "GET", "/row?world=live&table=orders&key=1");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.json().value("error", ""), "tag-undecided");
  EXPECT_NE(answer.body.find("test-1"), std::string::npos) << answer.body;
}

TEST_F(StoreNodeTest, APayloadOfAnotherRunIsRefusedOverTheWireToo) {
  const std::string target = "/row?world=live&table=orders&key=1";
  EXPECT_EQ(send(endpoint("store"), "PUT", target, kLiveTag, R"({"_run":"00000000000000aa"})").status, 422);
  EXPECT_EQ(send(endpoint("store"), "PUT", target, kLiveTag, "{}").status, 422);
  EXPECT_EQ(send(endpoint("store"), "PUT", target, shadow_tag(), R"({"_run":"00000000000000aa"})").status, 403);
  EXPECT_EQ(send(endpoint("store"), "GET", target, kLiveTag).status, 404);
  EXPECT_EQ(send(endpoint("store"), "POST", "/row/add?world=live&table=orders&key=1", kLiveTag, "[]").status, 422);
}

TEST_F(StoreNodeTest, RowsOutliveAKill) {
  const json row{{"table", "orders"}, {"key", "1"}, {"fields", {{"n", 1}}}};
  ASSERT_EQ(status(ask("/put", kLiveTag, row)), Status::ok);
  kill_node("store");
  ASSERT_NO_FATAL_FAILURE(start("store"));
  EXPECT_EQ(send(endpoint("store"), "GET", "/row?world=live&table=orders&key=1", kLiveTag).status, 200);
}

}  // namespace
}  // namespace tidemark::shop
