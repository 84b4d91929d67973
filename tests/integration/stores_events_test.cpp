// The events node, publishing and consuming.
#include <set>

#include "scenarios/shop/event_log.h"
#include "tests/integration/stores_fixture.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

class EventsNodeTest : public StoresTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(start("registry"));
    ASSERT_NO_FATAL_FAILURE(start("events"));
  }
  void start_probe(const std::string& strip = {}) {
    ASSERT_NO_FATAL_FAILURE(start("probe", {{"consume", "order.created"}}, strip));
    await_discovery("probe", {"events"});
  }
  json publish(const std::string& tag, const std::string& key, json fields) {
    const json body{{"topic", "order.created"}, {"key", key}, {"fields", std::move(fields)}};
    return send(endpoint("probe"), "POST", "/publish", tag, body.dump()).json();
  }
  json handled() { return send(endpoint("probe"), "GET", "/handled").json(); }
  bool handles(std::size_t count) {
    return eventually([&] { return handled().size() >= count; });
  }
};

TEST_F(EventsNodeTest, BothWorldsAreConsumedEachUnderItsOwnTag) {
  start_probe();
  ASSERT_TRUE(publish(kLiveTag, "o1", {{"n", 1}})["ok"]);
  ASSERT_TRUE(publish(shadow_tag(), "o2", {{"n", 2}})["ok"]);
  ASSERT_TRUE(handles(2)) << log_of("probe");
  for (const json& event : handled()) {
    const bool live = event["key"] == "o1";
    EXPECT_EQ(event["topic"], live ? "live.order.created" : "shadow.order.created");
    EXPECT_EQ(event["run"], live ? "" : kRun);
    EXPECT_EQ(event["payload"]["_run"], live ? "" : kRun);
    EXPECT_EQ(event["producer"], "probe-1");
  }
  EXPECT_TRUE(eventually([&] { return extra("events", "lag_now") == 0; }));
  EXPECT_EQ(extra("events", "events_published"), 2);
}

TEST_F(EventsNodeTest, EventsOfOneKeyStayInOrderAndNoneIsLost) {
  start_probe();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(publish(kLiveTag, "k" + std::to_string(i % 5), {{"n", i}})["ok"]);
  ASSERT_TRUE(handles(60));
  std::map<std::string, int> last;
  for (const json& event : handled()) {
    const int n = event["payload"]["n"];
    const auto found = last.find(event["key"]);
    if (found != last.end()) EXPECT_EQ(n, found->second + 5) << event;
    last[event["key"]] = n;
  }
  EXPECT_EQ(handled().size(), 60U);
}

TEST_F(EventsNodeTest, AHandlerThatAsksForItGetsTheEventAgainThenItIsSkipped) {
  start_probe();
  ASSERT_TRUE(publish(kLiveTag, "twice", {{"fail", 2}})["ok"]);
  ASSERT_TRUE(publish(kLiveTag, "never", {{"fail", 1000}})["ok"]);
  ASSERT_TRUE(handles(1));
  EXPECT_TRUE(eventually([&] { return extra("probe", "events_skipped") == 1; }));
  EXPECT_EQ(handled().size(), 1U);
  EXPECT_EQ(handled()[0]["key"], "twice");
  EXPECT_TRUE(eventually([&] { return extra("events", "lag_now") == 0; })) << "a skipped event is done with";
}

TEST_F(EventsNodeTest, AnUndecidedOrMisfiledPublicationIsRefused) {
  const std::string target = "/events/publish?topic=order.created&key=1";
  const Answer undecided = send(endpoint("events"), "POST", target, "", R"({"_run":""})");
  EXPECT_EQ(undecided.status, 403);
  EXPECT_EQ(undecided.json().value("error", ""), "tag-undecided");
  EXPECT_EQ(send(endpoint("events"), "POST", target, kLiveTag, R"({"_run":"00000000000000aa"})").status, 422);
  EXPECT_EQ(send(endpoint("events"), "POST", target, kLiveTag, "x").status, 422);
  EXPECT_EQ(send(endpoint("events"), "POST", "/events/publish?topic=../x&key=1", kLiveTag, R"({"_run":""})").status,
            400);
  for (const char* body :
       {"", "[]", "{}", R"({"group":"g","member":"m","topics":["../x"],"max":1,"wait_ms":0,"positions":{}})"}) {
    EXPECT_EQ(send(endpoint("events"), "POST", "/events/poll", "", body).status, 400) << body;
  }
  EXPECT_EQ(send(endpoint("events"), "POST", "/events/commit", "", R"({"group":"g","offsets":{"x":1}})").status, 400);
  EXPECT_TRUE(send(endpoint("events"), "GET", "/audit/topics").json()["topics"].empty());
}

TEST_F(EventsNodeTest, AKilledLogComesBackWithEveryAcknowledgedEventAndTheCommits) {
  start_probe();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(publish(kLiveTag, std::to_string(i), {{"n", i}})["ok"]);
  ASSERT_TRUE(handles(20));
  ASSERT_TRUE(eventually([&] { return extra("events", "lag_now") == 0; }));
  kill_node("events");
  ASSERT_NO_FATAL_FAILURE(start("events"));
  EXPECT_EQ(extra("events", "lag_now"), 0) << "the committed offsets were lost";
  // The same consumer finds the new process and goes on.
  ASSERT_TRUE(eventually([&] { return publish(kLiveTag, "after", {{"n", 20}}).value("ok", false); }));
  EXPECT_TRUE(handles(21));
  EXPECT_EQ(handled().size(), 21U) << "what was committed is not delivered again";
}

TEST_F(EventsNodeTest, AConsumerThatLosesTheTagRefusesAndNamesTheHop) {
  start_probe("consumer");
  ASSERT_TRUE(publish(shadow_tag(), "o1", {{"n", 1}})["ok"]);
  EXPECT_TRUE(eventually([&] { return extra("probe", "events_skipped") == 1; }));
  EXPECT_TRUE(handled().empty());
  EXPECT_TRUE(eventually([&] { return log_of("probe").find("probe-1 through events") != std::string::npos; }));
}

TEST_F(EventsNodeTest, AForgedTagInTheLogIsNotBelieved) {
  stop("events");
  {
    auto log = EventLog::open(data_dir("events"));
    ASSERT_TRUE(log);
    const std::string forged = kRun + ";buy;" + std::string(32, '0');
    ASSERT_TRUE(
        log->append("shadow.order.created", {0, 0, "k", forged, "", "order-9", R"({"_run":"00000000000000aa"})"}));
  }
  ASSERT_NO_FATAL_FAILURE(start("events"));
  start_probe();
  EXPECT_TRUE(eventually([&] { return extra("probe", "events_skipped") == 1; }));
  EXPECT_TRUE(handled().empty());
}

TEST_F(EventsNodeTest, TwoMembersOfAGroupShareTheEvents) {
  start_probe();
  ASSERT_TRUE(publish(kLiveTag, "warm", {{"n", -1}})["ok"]);
  ASSERT_TRUE(handles(1));
  // A second member, played by hand: it joins, and gets only its share.
  const json poll{{"group", "probe"}, {"member", "probe-2"}, {"topics", json::array({"order.created"})},
                  {"max", 1000},      {"wait_ms", 0},        {"positions", json::object()}};
  std::set<std::string> second;
  const auto poll_second = [&] {
    const Answer answer = send(endpoint("events"), "POST", "/events/poll", "", poll.dump());
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json body = answer.json();
    for (const json& event : body.at("events")) second.insert(event["key"].get<std::string>());
  };
  for (int i = 0; i < 40; ++i) {
    poll_second();
    ASSERT_TRUE(publish(kLiveTag, std::to_string(i), {{"n", i}})["ok"]);
  }
  poll_second();
  EXPECT_GT(second.size(), 0U);
  EXPECT_TRUE(eventually([&] {
    std::set<std::string> all = second;
    for (const json& event : handled()) all.insert(event["key"].get<std::string>());
    return all.size() == 41;
  }));
}

}  // namespace
}  // namespace tidemark::shop
