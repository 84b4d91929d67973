// MySQL steps against a real MariaDB: what it sees, what comes back, and every way it can fail a run.
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "store_runs.h"

namespace tidemark::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

class MysqlRuns : public StoreRunTest {
 protected:
  std::string scenario(const std::string& steps, const std::string& load = "rate: 100, duration: 500ms") const {
    return "timeout: 2s\nload: {arrivals: even, " + load + "}\nflows:\n  - name: db\n    steps:\n" + steps;
  }
  // `rest`: further keys of the step.
  std::string step(const std::string& query, const std::string& values = "[]", const std::string& rest = "",
                   const std::string& url = "") const {
    return "      - mysql:\n          target: '" + (url.empty() ? server_.url() : url) + "'\n          query: \"" +
           query + "\"\n          values: " + values + "\n" + rest;
  }
  std::string queries() const {
    std::ifstream file(folder_ / "mariadb-queries.log", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  MariadbProcess server_{folder_};
};

TEST_F(MysqlRuns, RowsComeBackAsObjectsAndValuesAreNeverPasted) {
  const auto summary = run(
      "variables: {evil: \"x' OR 1=1; DROP TABLE orders; -- \\\\\"}\n" +
      scenario(step("SELECT id, item, note FROM orders WHERE id = ? OR item = ? ORDER BY id LIMIT ?",
                    "[2, \"${evil}\", {number: \"${flow_id}\"}]",
                    "        name: read\n        capture: {item: {json: /0/item}}\n        check: {json: {/0/id: 2, "
                    "/0/note: x}}\n") +
               step("REPLACE INTO orders VALUES (?, ?, ?)", "[{number: \"1${flow_id}\"}, \"${item} ${evil}\", null]",
                    "        name: write\n        check: {json: {/affected_rows: 1}}\n") +
               step("SELECT note FROM orders WHERE id = 3", "[]",
                    "        name: bytes\n        check: {json: {/0/note/base64: /wA=}}\n")));
  // The first flow's LIMIT is 0, so its capture finds nothing; every other one goes through.
  EXPECT_EQ(summary.requests.failed, 1U);
  EXPECT_EQ(summary.requests.ok, 49U * 3U);
  const auto rows = server_.ask("SELECT id, item, note FROM shop.orders WHERE id > 9 ORDER BY id");
  ASSERT_EQ(rows.size(), 49U);
  EXPECT_EQ(rows[0]["item"], "it's \"quoted\" x' OR 1=1; DROP TABLE orders; -- \\");
  EXPECT_TRUE(rows[0]["note"].is_null());
}

TEST_F(MysqlRuns, ATaggedRunWorksOnTheShadowDatabaseAndSaysWhoseItIs) {
  const std::string write = step("INSERT INTO orders VALUES (?, ?, NULL)", "[{number: \"${flow_id}\"}, \"${run_id}\"]",
                                 "", server_.url("shadow"));
  const auto summary = run(scenario(write), Tagged::yes);
  EXPECT_EQ(summary.requests.ok, 50U);
  EXPECT_EQ(server_.ask("SELECT COUNT(*) n FROM shadow_shop.orders WHERE item = '00000000000000aa'")[0]["n"], "50");
  EXPECT_EQ(server_.ask("SELECT COUNT(*) n FROM shop.orders")[0]["n"], "3");
  EXPECT_THAT(queries(), HasSubstr("/*shadow='00000000000000aa%3Bdb%3B"));
  EXPECT_THAT(queries(), HasSubstr("',traceparent='00-"));
  for (const std::string password : {"let%40", "let@"}) EXPECT_FALSE(written_anywhere(password));
  // The user of shadow data has no rights on the live ones: an untagged run with it is turned away.
  const auto live = run(scenario(write));
  EXPECT_EQ(live.requests.failed, 50U);
  EXPECT_THAT(live.errors, Contains(Key(HasSubstr("connect: Access denied"))));
}

TEST_F(MysqlRuns, ATaggedRunRefusesToNameTheLiveDatabase) {
  const auto error = refused(scenario(step("SELECT * FROM `shop` . orders")), Tagged::yes);
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_THAT(error.message(), HasSubstr("the statement names the live database"));
}

TEST_F(MysqlRuns, AnErrorOfTheServerIsAnAnswerWithItsNumber) {
  const auto failed = run(scenario(step("SELECT * FROM nowhere")));
  EXPECT_EQ(failed.requests.failed, 50U);
  EXPECT_THAT(failed.errors, Contains(Key("status 1146")));
  const auto wanted = run(scenario(step("INSERT INTO orders VALUES (1, 'again', NULL)", "[]",
                                        "        check: {status: 1062, json: {/sqlstate: '23000'}}\n") +
                                   step("SELEC 1", "[]", "        name: typo\n        check: {status: 1064}\n")));
  EXPECT_EQ(wanted.requests.ok, 100U);
}

TEST_F(MysqlRuns, AWrongPasswordIsNamedAndNeverWrittenDown) {
  const std::string url = "mysql://shop:c4n4ry@127.0.0.1:" + std::to_string(server_.process.port()) + "/shop";
  const auto summary = run(scenario(step("SELECT 1", "[]", "", url)));
  EXPECT_EQ(summary.requests.failed, 50U);
  EXPECT_THAT(summary.errors, Contains(Key(HasSubstr("connect: Access denied for user 'shop'"))));
  EXPECT_FALSE(written_anywhere("c4n4ry"));
}

TEST_F(MysqlRuns, AProcedureMayAnswerWithSeveralResults) {
  server_.ask("CREATE PROCEDURE shop.two() BEGIN SELECT 7 AS a; SELECT 8 AS b; END");
  const auto summary = run(scenario(step("CALL two()", "[]", "        check: {json: {/0/a: 7}}\n")));
  EXPECT_EQ(summary.requests.ok, 50U);
}

TEST_F(MysqlRuns, AServerThatDiesFailsWhatIsUnderWayAndServesAgainWhenItIsBack) {
  auto options = prepared(scenario(step("SELECT SLEEP(0.01)"), "rate: 200, duration: 5s"));
  int seconds = 0;
  options.progress = [&](const drive::Progress&) {
    ++seconds;
    if (seconds == 1) server_.process.kill();
    if (seconds == 2) server_.process.start();
  };
  const auto summary = finished(std::move(options));
  EXPECT_GT(summary.requests.failed, 50U);
  EXPECT_GT(summary.requests.ok, 250U);
  EXPECT_THAT(summary.errors, Contains(Key(HasSubstr("connect: Can't connect to server"))));
}

TEST_F(MysqlRuns, AStatementThatTakesTooLongTimesOutAlone) {
  const auto summary =
      run("timeout: 300ms\nload: {arrivals: even, rate: 20, duration: 1s}\nflows:\n"
          "  - name: slow\n    steps:\n" +
          step("SELECT SLEEP(2)") + "  - name: quick\n    steps:\n" + step("SELECT 1"));
  EXPECT_GT(summary.requests.timed_out, 0U);
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_EQ(summary.requests.failed, 0U);
  EXPECT_EQ(summary.by_step.at("slow").requests.ok, 0U);
  EXPECT_EQ(summary.by_step.at("quick").requests.timed_out, 0U);
}

TEST_F(MysqlRuns, AConnectionThatIsKilledFailsItsStatementOnly) {
  auto options = prepared(scenario(step("SELECT SLEEP(0.05)"), "rate: 50, duration: 3s"));
  options.progress = [&](const drive::Progress&) { server_.ask("KILL USER shop"); };
  const auto summary = finished(std::move(options));
  EXPECT_GT(summary.requests.failed, 0U);
  EXPECT_GT(summary.requests.ok, 100U);
}

TEST_F(MysqlRuns, AResultAboveTheLimitFailsAndTheNextOneIsTakenAgain) {
  const auto summary = run(
      "timeout: 5s\nload: {arrivals: even, rate: 20, duration: 1s, connections: 1}\nflows:\n  - name: large\n"
      "    steps:\n" +
      step("SELECT REPEAT('x', 1000000) FROM seq_1_to_20", "[]") + "  - name: small\n    steps:\n" + step("SELECT 1"));
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
  EXPECT_THAT(summary.errors, Contains(Key("reply above 16 MiB")));
  EXPECT_EQ(summary.errors.size(), 1U);
}

TEST_F(MysqlRuns, ASilentPortMeansConnectionsThatTimeOut) {
  // Accepts and says nothing: the server's greeting never comes.
  const ScriptedServer silent([](const ServedRequest&) { return Reply::silence(); });
  const std::string port = silent.url().substr(silent.url().rfind(':') + 1);
  const auto summary =
      run("timeout: 200ms\nload: {arrivals: even, rate: 50, duration: 500ms}\nflows:\n  - name: db\n    steps:\n" +
          step("SELECT 1", "[]", "", "mysql://shop:x@127.0.0.1:" + port + "/shop"));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_EQ(summary.requests.timed_out + summary.requests.failed, summary.requests.started);
  EXPECT_EQ(summary.requests.started, 25U);
}

}  // namespace
}  // namespace tidemark::test
