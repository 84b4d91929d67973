// Redis steps against a real redis-server: what it sees, what comes back, and every way it can fail a run.
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "run_fixture.h"
#include "store_runs.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

class RedisRuns : public StoreRunTest {
 protected:
  // One flow of `steps`, 100 a second for half a second.
  std::string scenario(const std::string& steps) const {
    return "timeout: 2s\nload: {arrivals: even, rate: 100, duration: 500ms}\nflows:\n  - name: kv\n    steps:\n" +
           steps;
  }
  std::string step(const std::string& command, const std::string& rest = "", const std::string& url = "") const {
    return "      - redis: {target: '" + (url.empty() ? server_.url() : url) + "', command: " + command + "}\n" + rest;
  }
  RedisServerProcess server_{folder_};
};

TEST_F(RedisRuns, ValuesGoThereAndBackByCapturesAndChecks) {
  server_.ask({"SET", "price", R"(12.5 "é")"});
  const auto summary = run(scenario(
      step("[GET, price]", "        capture: {price: {json: ''}}\n        check: {json: {'': '12.5 \"é\"'}}\n") +
      step("[SET, 'order:${flow_id}', '${price}']", "        name: put\n        check: {json: {'': OK}}\n") +
      step("[RPUSH, all, '${flow_id}', x]", "        name: push\n") +
      step("[LRANGE, all, '-1', '-1']", "        name: last\n        check: {json: {/0: x}}\n")));
  EXPECT_EQ(summary.requests.ok, 200U);
  EXPECT_EQ(summary.requests.started, 200U);
  EXPECT_TRUE(summary.errors.empty());
  EXPECT_EQ(server_.ask({"GET", "order:49"}), R"(12.5 "é")");
  EXPECT_EQ(server_.ask({"LLEN", "all"}), 100);
}

TEST_F(RedisRuns, ATaggedRunWorksOnShadowKeysOnly) {
  server_.ask({"SET", "live:stock", "live"});
  const auto summary = run(
      scenario(step("[INCR, 'visits:${flow_id}']") + step("[MSET, 'live:stock', 1, other, 2]", "        name: many\n") +
               step("[EVAL, \"return redis.call('INCR', KEYS[1])\", 1, counter]", "        name: script\n")),
      Tagged::yes);
  EXPECT_EQ(summary.requests.ok, 150U);
  EXPECT_EQ(server_.ask({"GET", "live:stock"}), "live");
  EXPECT_EQ(server_.ask({"GET", "shadow:stock"}), "1");
  EXPECT_EQ(server_.ask({"GET", "shadow:other"}), "2");
  EXPECT_EQ(server_.ask({"GET", "shadow:counter"}), "50");
  EXPECT_EQ(server_.ask({"DBSIZE"}), 1 + 50 + 3);
}

TEST_F(RedisRuns, ATaggedRunRefusesWhatCannotBeIsolated) {
  const auto error = refused(scenario(step("[FLUSHALL]")), Tagged::yes);
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_THAT(error.message(), HasSubstr("FLUSHALL works on everything in the server"));
  EXPECT_EQ(run(scenario(step("[FLUSHALL]"))).requests.ok, 50U);  // an untagged run is what the user wrote
}

TEST_F(RedisRuns, AnErrorReplyIsAnAnswerWithStatusOne) {
  server_.ask({"SET", "text", "x"});
  const auto failed = run(scenario(step("[INCR, text]")));
  EXPECT_EQ(failed.requests.failed, 50U);
  EXPECT_THAT(failed.errors, Contains(Key("status 1")));
  const auto wanted =
      run(scenario(step("[INCR, text]", "        check: {status: 1, body_contains: 'not an integer'}\n")));
  EXPECT_EQ(wanted.requests.ok, 50U);
}

TEST_F(RedisRuns, AWrongPasswordIsNamedAndNeverWrittenDown) {
  server_.ask({"CONFIG", "SET", "requirepass", "right"});
  const std::string port = std::to_string(server_.process.port());
  const auto wrong = run(scenario(step("[PING]", "", "redis://:c4n4ry-wrong@127.0.0.1:" + port)));
  EXPECT_EQ(wrong.requests.failed, 50U);
  EXPECT_THAT(wrong.errors, Contains(Key(HasSubstr("connect: WRONGPASS"))));
  EXPECT_FALSE(written_anywhere("c4n4ry"));
  const auto right = run(scenario(step("[SET, a, b]", "", "redis://:right@127.0.0.1:" + port + "/3")));
  EXPECT_EQ(right.requests.ok, 50U);
  EXPECT_FALSE(written_anywhere("right@"));
  EXPECT_THAT(server_.ask({"INFO", "keyspace"}, "right").get<std::string>(), HasSubstr("db3:keys=1"));
}

TEST_F(RedisRuns, AServerThatDiesFailsWhatIsUnderWayAndServesAgainWhenItIsBack) {
  auto options =
      prepared("timeout: 2s\nload: {arrivals: even, rate: 200, duration: 3s}\nflows:\n  - name: kv\n    steps:\n" +
               step("[INCR, n]"));
  int seconds = 0;
  options.progress = [&](const drive::Progress&) {
    ++seconds;
    if (seconds == 1) server_.process.kill();
    if (seconds == 2) server_.process.start();
  };
  const auto summary = finished(std::move(options));
  EXPECT_GT(summary.requests.failed, 50U);
  EXPECT_GT(summary.requests.ok, 200U);  // of the first second and the last
  EXPECT_EQ(summary.requests.timed_out, 0U);
  EXPECT_THAT(summary.errors, Contains(Key(HasSubstr("connect: Connection refused"))));
}

TEST_F(RedisRuns, AServerThatHangsMeansTimeOutsAndOtherConnectionsAfterwards) {
  auto options =
      prepared("timeout: 300ms\nload: {arrivals: even, rate: 100, duration: 3s}\nflows:\n  - name: kv\n    steps:\n" +
               step("[INCR, n]"));
  int seconds = 0;
  options.progress = [&](const drive::Progress&) {
    ++seconds;
    if (seconds == 1) server_.process.signal(SIGSTOP);
    if (seconds == 2) server_.process.signal(SIGCONT);
  };
  const auto summary = finished(std::move(options));
  EXPECT_GT(summary.requests.timed_out, 30U);
  EXPECT_GT(summary.requests.ok, 100U);
  EXPECT_EQ(summary.requests.failed, 0U);
}

TEST_F(RedisRuns, AReplyAboveTheLimitFailsAndTheNextOneIsTakenAgain) {
  server_.ask({"SETRANGE", "huge", std::to_string(20 << 20), "x"});
  const auto summary =
      run("timeout: 5s\nload: {arrivals: even, rate: 20, duration: 1s, connections: 1}\nflows:\n  - name: small\n"
          "    steps:\n" +
          step("[STRLEN, huge]") + "  - name: large\n    steps:\n" + step("[GET, huge]"));
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
  EXPECT_THAT(summary.errors, Contains(Key("reply above 16 MiB")));
  EXPECT_EQ(summary.errors.size(), 1U);
}

TEST_F(RedisRuns, KeepsToTheLimitOfConnections) {
  const auto summary =
      run("timeout: 5s\nload: {arrivals: even, rate: 2000, duration: 500ms, connections: 3}\nflows:\n"
          "  - name: kv\n    steps:\n" +
          step("[EVAL, \"local s = 0 for i = 1, 20000 do s = s + i end return s\", 0]"));
  EXPECT_EQ(summary.requests.ok, 1000U);
  const std::string stats = server_.ask({"INFO", "stats"}).get<std::string>();
  const std::size_t at = stats.find("total_connections_received:") + 27;
  EXPECT_LE(std::stoi(stats.substr(at)), 3 + 3);  // the run's; the probe before it, the fixture's, and this one
}

TEST_F(RedisRuns, ATargetElsewhereIsRefusedBeforeAnySocketOpens) {
  for (const std::string url : {"redis://192.0.2.1:6379", "redis://0177.0.0.1:6379", "redis://10.0.0.8"}) {
    EXPECT_EQ(refused(scenario(step("[PING]", "", url))).code, ExitCode::refused_target) << url;
  }
}

}  // namespace
}  // namespace tidemark::test
