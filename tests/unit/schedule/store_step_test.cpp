// Steps that call a store: what is understood, what is refused with which words, and that the resolved form is the same
// scenario again without a password in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/schedule/redis_commands.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/sql_text.h"
#include "engine/schedule/store_target.h"

namespace tidemark::schedule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Value = StoreCall::Value;

std::string scenario(const std::string& steps) {
  return "variables: {user: 7, n: 3}\nload: {rate: 1, duration: 1s}\nflows:\n  - name: a\n    steps:\n" + steps;
}

Result<Scenario> parsed(const std::string& steps) {
  return parse_scenario(scenario(steps), "s.yaml", {});
}

std::string problem(const std::string& step) {
  const auto result = parsed("      - " + step + "\n");
  return result ? "no problem" : result.error().message();
}

Step one_step(const std::string& step) {
  const auto result = parsed("      - " + step + "\n");
  if (result) return result->flows.front().steps.front();
  ADD_FAILURE() << result.error().message();
  return {};
}

TEST(StoreStep, RedisKnowsItsKeys) {
  const Step step = one_step(R"(redis: {target: "redis://127.0.0.1", command: [SET, "user:${user}", v, EX, 10]})");
  EXPECT_EQ(step.protocol, Protocol::redis);
  ASSERT_TRUE(step.store);
  EXPECT_EQ(step.store->words.size(), 5U);
  EXPECT_THAT(step.store->keys, ElementsAre(1U));
}

TEST(StoreStep, RedisKeysMayBeSaid) {
  const Step step = one_step(R"(redis: {target: "redis://h", command: [FT.SEARCH, idx, "*"], keys: [1]})");
  EXPECT_THAT(step.store->keys, ElementsAre(1U));
  EXPECT_TRUE(one_step(R"(redis: {target: "redis://h", command: [FT.LIST], keys: []})").store->keys.empty());
}

TEST(StoreStep, MysqlTellsNumbersTextAndNull) {
  const Step step = one_step(
      R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT ?,?,?,?,?", values: [5, "5", null, {number: "${n}"}, "${user}"]})");
  EXPECT_EQ(step.protocol, Protocol::mysql);
  EXPECT_THAT(step.store->values, ElementsAre(Value::number, Value::text, Value::null, Value::number, Value::text));
  EXPECT_EQ(step.store->words.size(), 6U);
}

TEST(StoreStep, KafkaKeyIsOptional) {
  EXPECT_EQ(one_step(R"(kafka: {target: "kafka://h", topic: orders, value: x})").store->words.size(), 2U);
  const Step step =
      one_step(R"(kafka: {target: "kafka://h", topic: o, key: "${user}", value: x, headers: {a: "${n}"}})");
  EXPECT_EQ(step.store->words.size(), 3U);
  EXPECT_EQ(step.store->headers.size(), 1U);
}

struct Mistake {
  std::string step, says;
};

TEST(StoreStep, MistakesAreNamed) {
  const std::vector<Mistake> mistakes = {
      {R"(redis: {target: "redis://h", command: [GETT, a]})", "'GETT' is not a command whose keys are known"},
      {R"(redis: {target: "redis://h", command: [GETT, a]})", "did you mean 'GET'?"},
      {R"(redis: {target: "redis://h", command: ["${user}", a]})", "the command's name must be known before the run"},
      {R"(redis: {target: "redis://h", command: [MULTI]})", "MULTI changes the connection"},
      {R"(redis: {target: "redis://h", command: []})", "needs the command's name"},
      {R"(redis: {target: "redis://h", command: [EVAL, x, "${n}", a]})", "the number of keys must be known"},
      {R"(redis: {target: "redis://h", command: [GET, a], keys: [2]})", "keys"},
      {R"(redis: {target: "mysql://u@h/db", command: [GET, a]})", "is mysql's: a redis step needs redis://"},
      {R"(redis: {target: "redis://h"})", "command"},
      {R"(redis: {target: "redis://h", comand: [GET, a]})", "did you mean 'command'?"},
      {R"(redis: {target: "redis://h", command: [GET, "${usr}"]})", "${usr} is not defined"},
      {R"({redis: {target: "redis://h", command: [PING]}, get: /x})", "not in a redis step"},
      {R"({redis: {target: "redis://h", command: [PING]}, body: x})", "not in a redis step"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT ${user}"})", "would paste what it holds"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT ?", values: []})", "has 1 ? for 0 values"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT 1", values: [a]})", "has 0 ? for 1 values"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT 1; SELECT 2"})", "a second statement after ;"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "begin"})", "BEGIN changes the connection"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT ?", values: [{number: abc}]})", "is no number"},
      {R"(mysql: {target: "mysql://u:p@h", query: "SELECT 1"})", "needs a database"},
      {R"(mysql: {target: "mysql://u:p@h/db", query: "SELECT 1", shadow_database: "a b"})", "shadow_database"},
      {R"(kafka: {target: "kafka://h", topic: "a b", value: x})", "1 to 249 letters"},
      {R"(kafka: {target: "kafka://h", topic: orders})", "value"},
      {R"(kafka: {target: "kafka://h", topic: o, value: x, headers: {x-shadow: live}})", "is set by the generator"},
      {R"(kafka: {target: "kafka://u:p@h", topic: o, value: x})", "SASL is not supported"},
  };
  for (const auto& [step, says] : mistakes) EXPECT_THAT(problem(step), HasSubstr(says)) << step;
}

TEST(StoreStep, NoMessageRepeatsThePassword) {
  for (const std::string url :
       {"mysql://u:c4n4ry@h", "mysql://u:c4n4ry@h:0/d", "redis://u:c4n4ry@h/x", "kafka://u:c4n4ry@h",
        "mysql://u:c4n4ry%zz@h/d", "rediss://u:c4n4ry@h", "mysql://u:c4n4ry@/d"}) {
    const std::string says = problem("redis: {target: '" + url + "', command: [PING]}");
    EXPECT_THAT(says, Not(HasSubstr("c4n4ry")));
    EXPECT_THAT(says, HasSubstr("target"));
  }
}

TEST(StoreStep, TheResolvedFormIsTheSameScenarioWithoutThePassword) {
  const auto first = parsed(
      "      - redis: {target: 'redis://u:c4n4ry@h:1/2', command: [FT.X, '$${user}', '${user}'], keys: [1, 2]}\n"
      "      - mysql: {target: 'mysql://u:c4n4ry@h/db', query: \"SELECT '$$', ?, ?, ?\", values: ['5', 5, null], "
      "shadow_database: twin}\n"
      "      - kafka: {target: 'kafka://h', topic: 'o.${n}', key: '${user}', value: '{\"a\": \"${n}\"}', headers: {b: "
      "c}}\n");
  ASSERT_TRUE(first) << first.error().message();
  const auto json = to_json(*first);
  EXPECT_THAT(json.dump(), Not(HasSubstr("c4n4ry")));
  const auto second = parse_scenario(json.dump(), "resolved", {});
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(to_json(*second), json);
  EXPECT_EQ(second->flows[0].steps[0].store->keys, first->flows[0].steps[0].store->keys);
  EXPECT_EQ(second->flows[0].steps[1].store->values, first->flows[0].steps[1].store->values);
}

TEST(StoreStep, APasswordIsNotWrittenDownByWayOfAParameter) {
  const auto found = parse_scenario(
      "parameters: {password: c4n4ry, db: 'mysql://u:c4n4ry2@h/d', other: x}\nload: {rate: 1, duration: 1s}\nflows:\n"
      "  - name: a\n    steps:\n      - mysql: {target: 'mysql://u:${password}@h/d', query: SELECT 1}\n"
      "      - mysql: {target: '${db}', query: SELECT 1}\n",
      "s.yaml", {});
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(parse_store_target(found->flows[0].steps[0].store->target.text())->password, "c4n4ry");
  EXPECT_THAT(to_json(*found).dump(), Not(HasSubstr("c4n4ry")));
  EXPECT_EQ(to_json(*found)["parameters"]["other"], "x");
}

TEST(StoreStep, APasswordMayBeASecret) {
  const Step step = one_step(R"(mysql: {target: "mysql://u$$:${env:PW}@h/d", query: SELECT 1})");
  const auto lookup = [](const std::string& name) {
    return name == "PW" ? std::optional<std::string>("a@b/c") : std::nullopt;
  };
  const auto filled = filled_target(step.store->target, lookup);
  ASSERT_TRUE(filled);
  EXPECT_EQ(parse_store_target(*filled)->password, "a@b/c");
  EXPECT_EQ(stored_target(step.store->target), "mysql://u$$:${env:PW}@h/d");
  const auto missing = filled_target(step.store->target, [](const std::string&) { return std::nullopt; });
  EXPECT_THAT(missing.error().message(), HasSubstr("${env:PW} is not set"));
  const Step mixed = one_step(R"(mysql: {target: "mysql://${env:USER}:c4n4ry${env:PW}@h/d", query: SELECT 1})");
  EXPECT_EQ(stored_target(mixed.store->target), "mysql://${env:USER}:***@h/d");
  EXPECT_THAT(problem(R"(mysql: {target: "mysql://u@${user}/d", query: SELECT 1})"),
              HasSubstr("of holes only ${env:NAME}"));
}

TEST(StoreTarget, Parts) {
  const auto target = parse_store_target("mysql://sh%40p:p%3a%2f%25@[::1]:3307/d%24b");
  ASSERT_TRUE(target) << target.error().message();
  EXPECT_EQ(target->user, "sh@p");
  EXPECT_EQ(target->password, "p:/%");
  EXPECT_EQ(target->host, "::1");
  EXPECT_EQ(target->port, 3307);
  EXPECT_EQ(target->database, "d$b");
  EXPECT_EQ(parse_store_target("redis://:p@h")->password, "p");
  EXPECT_EQ(parse_store_target("redis://h/0")->database, "");
  EXPECT_EQ(parse_store_target("redis://h/15")->database, "15");
  EXPECT_EQ(parse_store_target("kafka://h")->port, 9092);
}

TEST(StoreTarget, MalformedOnesAreRefused) {
  for (const std::string url : {"",
                                "redis",
                                "redis:/h",
                                "http://h",
                                "rediss://h",
                                "redis://",
                                "redis://:1",
                                "redis://h:",
                                "redis://h:0",
                                "redis://h:65536",
                                "redis://h:1x",
                                "redis://h/x",
                                "redis://h/99999999999999999999",
                                "redis://u@h",
                                "redis://h/0?x=1",
                                "redis://h#x",
                                "redis:// h",
                                "redis://[::1",
                                "redis://[::1]x",
                                "redis://a,b",
                                "redis://a%41",
                                "mysql://h/db",
                                "mysql://u@h/",
                                "mysql://u@h",
                                "mysql://u:%0@h/d",
                                "mysql://u:%00@h/d",
                                "mysql://u@h/a/b",
                                "mysql://u@h/a`b",
                                "kafka://h/topic",
                                "kafka://u@h",
                                "kafka://a:1,b:2"}) {
    EXPECT_FALSE(parse_store_target(url)) << url;
  }
}

TEST(StoreTarget, IsShownWithoutThePassword) {
  EXPECT_EQ(without_password("mysql://u:p@h/d"), "mysql://u:***@h/d");
  EXPECT_EQ(without_password("mysql://u:p@q@h/d"), "mysql://u:***@h/d");
  EXPECT_EQ(without_password("redis://:p@h"), "redis://:***@h");
  EXPECT_EQ(without_password("mysql://u@h/d"), "mysql://u@h/d");
  EXPECT_EQ(without_password("redis://h"), "redis://h");
}

TEST(RedisCommands, KeysByTheTable) {
  using Words = std::vector<std::optional<std::string>>;
  const auto keys = [](const Words& words) { return redis_keys(words).positions; };
  EXPECT_THAT(keys({"get", "a"}), ElementsAre(1U));
  EXPECT_THAT(keys({"MGET", "a", std::nullopt, "c"}), ElementsAre(1U, 2U, 3U));
  EXPECT_THAT(keys({"MSET", "a", "1", "b", "2"}), ElementsAre(1U, 3U));
  EXPECT_THAT(keys({"BLPOP", "a", "b", "0"}), ElementsAre(1U, 2U));
  EXPECT_THAT(keys({"RENAME", "a", "b"}), ElementsAre(1U, 2U));
  EXPECT_THAT(keys({"EVAL", "s", "2", "a", "b", "x"}), ElementsAre(3U, 4U));
  EXPECT_THAT(keys({"ZUNIONSTORE", "d", "2", "a", "b"}), ElementsAre(1U, 3U, 4U));
  EXPECT_THAT(keys({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", ">", ">"}), ElementsAre(5U, 6U));
  EXPECT_THAT(keys({"OBJECT", "ENCODING", "a"}), ElementsAre(2U));
  EXPECT_TRUE(keys({"PING"}).empty());
  EXPECT_EQ(redis_keys(Words{"SCRIPT", "LOAD", "x"}).kind, RedisKeys::Kind::known);
  EXPECT_EQ(redis_keys(Words{"SCRIPT", "FLUSH"}).kind, RedisKeys::Kind::whole);
  EXPECT_EQ(redis_keys(Words{"flushdb"}).kind, RedisKeys::Kind::whole);
  EXPECT_EQ(redis_keys(Words{"GET"}).kind, RedisKeys::Kind::unknown);
  EXPECT_EQ(redis_keys(Words{"EVAL", "s", "9999", "a"}).kind, RedisKeys::Kind::unknown);
  EXPECT_EQ(redis_keys(Words{"XREAD", "STREAMS", "a"}).kind, RedisKeys::Kind::unknown);
  EXPECT_EQ(redis_keys(Words{}).kind, RedisKeys::Kind::unknown);
}

TEST(SqlText, PlaceholdersStandOutsideQuotesAndComments) {
  const auto sql = read_sql("SELECT '?', \"?\", `?`, 'it''s \\' ?' /* ? */ FROM t -- ?\n WHERE a = ? AND b=?;");
  ASSERT_TRUE(sql) << sql.error().message();
  EXPECT_EQ(sql->parts.size(), 3U);
  EXPECT_EQ(sql->verb, "SELECT");
  EXPECT_EQ(sql->parts[1], " AND b=");
  EXPECT_EQ(sql->parts[2], "");
  EXPECT_EQ(read_sql("SELECT 1--1")->parts.front(), "SELECT 1--1");
  EXPECT_EQ(read_sql("(select ?)")->verb, "SELECT");
}

TEST(SqlText, NamesInFrontOfADot) {
  EXPECT_THAT(read_sql("SELECT o.id FROM `sh``op` /* x */ . orders o, \"live\".t")->qualifiers,
              ElementsAre("o", "sh`op", "live"));
  EXPECT_TRUE(read_sql("SELECT 'db'.x, 1.5")->qualifiers.size() <= 1);
}

TEST(SqlText, MalformedOnesAreRefused) {
  for (const std::string query : {"", "  ", "-- x", "/* x", "SELECT 'a", "SELECT `a", "SELECT \"a\\\"",
                                  "SELECT 1; SELECT 2", "SELECT 1;;x", "SELECT /*!40000 1 */", "SELECT /*M! 1 */"}) {
    EXPECT_FALSE(read_sql(query)) << query;
  }
  EXPECT_FALSE(read_sql(std::string("SELECT \0", 8)));
}

TEST(SqlText, Numbers) {
  for (const std::string text : {"0", "-1", "12.50", "1e9", "-0.5E-3"}) EXPECT_TRUE(is_number(text)) << text;
  for (const std::string text : {"", "-", "01", "1.", ".5", "1e", "1 ", "0x1", "NaN", "1;", "--1", "+1"})
    EXPECT_FALSE(is_number(text)) << text;
}

}  // namespace
}  // namespace tidemark::schedule
