// The audit over running stores: nothing on clean traffic, everything that was planted, and a word about what it could
// not ask.
#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include <set>

#include "scenarios/shop/audit.h"
#include "scenarios/shop/event_log.h"
#include "tests/integration/stores_fixture.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;

const std::string kTagged = R"({"_run":"00000000000000aa"})";
const std::string kUntagged = R"({"_run":""})";

class AuditTest : public StoresTest {
 protected:
  void execute(const char* file, const std::string& sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open((data_dir("store") / file).c_str(), &connection), SQLITE_OK);
    sqlite3_busy_timeout(connection, 10'000);
    char* problem = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &problem), SQLITE_OK) << problem;
    sqlite3_free(problem);
    sqlite3_close(connection);
  }
  void insert(const char* file, const std::string& table, const std::string& key, const std::string& payload) {
    execute(file, "INSERT INTO " + table + " VALUES('" + key + "', '" + payload + "')");
  }
  // What a service could do by mistake: a genuine tag, its own key prefix, the wrong payload. A cache does not look
  // inside.
  void cache_set(const std::string& tag, const std::string& key, const std::string& value) {
    redisContext* connection = redisConnect("127.0.0.1", resp().port);
    ASSERT_EQ(connection->err, 0) << connection->errstr;
    freeReplyObject(redisCommand(connection, "TAG %s - test-1", tag.c_str()));
    auto* reply = static_cast<redisReply*>(redisCommand(connection, "SET %s %s", key.c_str(), value.c_str()));
    EXPECT_STREQ(reply->str, "OK");
    freeReplyObject(reply);
    redisFree(connection);
  }
  void append_event(const std::string& topic, const std::string& payload) {
    std::filesystem::create_directories(data_dir("events"));
    auto log = EventLog::open(data_dir("events"));
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->append(topic, {0, 0, "k", kLiveTag, "", "order-1", payload}));
  }
  void clean_traffic() {
    ASSERT_NO_FATAL_FAILURE(start("probe", {{"consume", "order.created"}}));
    await_discovery("probe", {"store", "cache-resp", "events"});
    for (const std::string& tag : {kLiveTag, shadow_tag(), shadow_tag("00000000000000bb")}) {
      for (int i = 0; i < 10; ++i) {
        const std::string key = std::to_string(i);
        const json row{{"table", "orders"}, {"key", key}, {"topic", "order.created"}, {"fields", {{"n", i}}}};
        for (const char* path : {"/put", "/cache-set", "/publish"}) {
          EXPECT_EQ(send(endpoint("probe"), "POST", path, tag, row.dump()).status, 200);
        }
      }
    }
  }
};

TEST_F(AuditTest, CleanTrafficHasNoLeakAndEverythingIsCounted) {
  ASSERT_NO_FATAL_FAILURE(start_stores());
  clean_traffic();
  const auto result = audit(stack());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->leak_count, 0U);
  const std::map<std::string, std::uint64_t> expected{{"cache/live", 10},
                                                      {"cache/shadow", 10},
                                                      {"events/live.order.created", 10},
                                                      {"events/shadow.order.created", 20},
                                                      {"store/live/inventory", 0},
                                                      {"store/live/orders", 10},
                                                      {"store/live/payments", 0},
                                                      {"store/live/products", 1000},
                                                      {"store/live/users", 5000},
                                                      {"store/shadow/inventory", 0},
                                                      {"store/shadow/orders", 10},
                                                      {"store/shadow/payments", 0}};
  EXPECT_EQ(result->scanned, expected);
}

TEST_F(AuditTest, NinePlantedLeaksOfDifferentKindsAreAllFoundAndNamed) {
  append_event("live.order.created", kTagged);
  append_event("shadow.order.created", kUntagged);
  append_event("live.order.created", "not json");
  ASSERT_NO_FATAL_FAILURE(start_stores());
  clean_traffic();
  insert("live.db", "orders", "planted", kTagged);
  insert("shadow.db", "payments", "planted", R"({"amount":1})");
  execute("live.db", "CREATE TABLE backup(id, payload)");
  insert("live.db", "backup", "1", kTagged);
  insert("live.db", "users", "planted", "{");
  cache_set(kLiveTag, "live:planted", kTagged);
  cache_set(shadow_tag(), "shadow:planted", kUntagged);
  const auto result = audit(stack());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->leak_count, 9U);
  std::multiset<std::string> where;
  for (const Leak& leak : result->leaks) where.insert(leak.where);
  EXPECT_EQ(where,
            (std::multiset<std::string>{"cache/live", "cache/shadow", "events/live.order.created",
                                        "events/live.order.created", "events/shadow.order.created", "store/live/backup",
                                        "store/live/orders", "store/live/users", "store/shadow/payments"}));
  for (const Leak& leak : result->leaks) {
    if (leak.where == "store/live/orders")
      EXPECT_EQ(leak.what, "row planted: data of run 00000000000000aa in a live place");
    if (leak.where == "cache/shadow")
      EXPECT_EQ(leak.what, "key shadow:planted: live data (no run id) in a shadow place");
    if (leak.where == "events/shadow.order.created")
      EXPECT_NE(leak.what.find("@0 of order-1: live data"), std::string::npos) << leak.what;
  }
}

TEST_F(AuditTest, ATopicOfNoWorldIsALeakItself) {
  append_event("orders", kUntagged);
  ASSERT_NO_FATAL_FAILURE(start_stores());
  const auto result = audit(stack());
  ASSERT_TRUE(result);
  ASSERT_EQ(result->leaks.size(), 1U);
  EXPECT_EQ(result->leaks[0].where, "events/orders");
}

TEST_F(AuditTest, ListsAThousandAndCountsAll) {
  ASSERT_NO_FATAL_FAILURE(start_stores());
  execute(
      "live.db",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2345) INSERT INTO orders SELECT i, '" +
          kTagged + "' FROM n");
  const auto result = audit(stack());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->leak_count, 2345U);
  EXPECT_EQ(result->leaks.size(), kLeaksListed);
  EXPECT_EQ(result->scanned.at("store/live/orders"), 2345U);
}

TEST_F(AuditTest, AStoreThatDoesNotAnswerIsAnErrorNotAClearance) {
  ASSERT_NO_FATAL_FAILURE(start_stores());
  StackInfo all = stack();
  kill_node("events");
  const auto dead = audit(all);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, ExitCode::environment);
  EXPECT_EQ(dead.error().place, "node events-1");
  const auto missing = audit(stack());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "stack: has no events node to audit");
  ASSERT_NO_FATAL_FAILURE(start("events"));
  StackInfo other_key = stack();
  other_key.tag_key = std::string(32, 'f');
  const auto refused = audit(other_key);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("WRONGPASS"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace tidemark::shop
