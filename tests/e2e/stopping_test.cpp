// How a run ends before its time: by Ctrl-C (promise 19), by a threshold (promise 20). Real processes.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/record/run_reader.h"
#include "tests/e2e/command.h"
#include "tests/e2e/watched_server.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

class Stopping : public testing::Test {
 protected:
  std::vector<std::string> run(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {TIDEMARK_BINARY, "run",   "--target", server_.url(), "--arrivals",
                                          "even",          "--out", dir_,       "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Until the server has seen so many requests; false when the command ended first.
  bool has_begun(const BackgroundCommand& command, std::uint64_t requests) {
    while (server_.requests() < requests) {
      if (kill(command.pid(), 0) != 0) return false;
      std::this_thread::yield();
    }
    return true;
  }

  nlohmann::json summary() { return nlohmann::json::parse(read_text(dir_ + "/summary.json")); }

  TemporaryFolder folder_;
  const std::string dir_ = folder_ / "run";
  WatchedServer server_;
};

milliseconds since(Instant instant) {
  return duration_cast<milliseconds>(Clock::now() - instant);
}

TEST_F(Stopping, AfterCtrlCNoNewRequestAndWhatIsUnderWayIsDrained) {
  server_.answer_after(1000ms);
  BackgroundCommand command(run({"--rate", "200", "--duration", "60s", "--connections", "1000"}));
  ASSERT_TRUE(has_begun(command, 300));
  const Instant pressed = Clock::now();
  command.signal(SIGINT);
  const auto ended = command.wait(20);
  EXPECT_LE(since(pressed), 5s);
  EXPECT_EQ(ended.exit_code, 130) << ended.errors;
  EXPECT_LE(server_.last_request() - pressed, 100ms);
  const auto requests = summary()["requests"];
  EXPECT_EQ(requests["started"], server_.requests());
  EXPECT_EQ(requests["ok"], server_.requests()) << "what was under way had its second to be answered";
  EXPECT_EQ(requests["in_flight"], 0);
  EXPECT_EQ(summary()["stop_reason"], "interrupted");
  const auto report = run_tidemark({"report", dir_, "--out", folder_ / "report.html"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
}

TEST_F(Stopping, AServerThatNeverAnswersIsWaitedForFiveSeconds) {
  server_.answer_after(60s);
  BackgroundCommand command(run({"--rate", "50", "--duration", "60s"}));
  ASSERT_TRUE(has_begun(command, 20));
  const Instant pressed = Clock::now();
  command.signal(SIGINT);
  EXPECT_EQ(command.wait(20).exit_code, 130);
  EXPECT_LE(since(pressed), 5500ms) << "5 s to drain, and writing the end";
  EXPECT_EQ(summary()["requests"]["in_flight"], summary()["requests"]["started"]);
}

TEST_F(Stopping, TheSecondCtrlCEndsItAtOnceAndTheRecordIsReadable) {
  for (const int second : {SIGINT, SIGTERM}) {
    server_.answer_after(60s);
    const std::uint64_t before = server_.requests();
    const std::string dir = folder_ / ("run" + std::to_string(second));
    BackgroundCommand command(
        {TIDEMARK_BINARY, "run", "--target", server_.url(), "--rate", "100", "--duration", "60s", "--out", dir});
    while (server_.requests() < before + 200 || read_text(dir + "/checksums.ndjson").size() < 1500) {
      ASSERT_EQ(kill(command.pid(), 0), 0);
    }
    command.signal(SIGINT);
    // The first one is under way when nothing more comes: a tenth of a second without a request.
    while (since(server_.last_request()) < 100ms) std::this_thread::yield();
    const Instant pressed = Clock::now();
    command.signal(second);
    const auto ended = command.wait(20);
    EXPECT_LE(since(pressed), 200ms);
    EXPECT_EQ(ended.exit_code, 128 + second);
    const auto record = record::read_run(dir);
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_TRUE(record->partial);
    EXPECT_GT(record->summary().requests.started, 0u);
    EXPECT_EQ(run_tidemark({"report", dir, "--out", folder_ / "report.html"}).exit_code, 5);
  }
}

// One request in flight at a time is enough here: what counts is when the last one came.
TEST_F(Stopping, AThresholdStopsWithinASecondOfItsKthInterval) {
  BackgroundCommand command(
      run({"--rate", "100", "--duration", "60s", "--threshold", "failed_ratio < 5% abort for 3"}));
  ASSERT_TRUE(has_begun(command, 250));
  server_.fail_from_now();
  const auto ended = command.wait(30);
  EXPECT_EQ(ended.exit_code, 99) << ended.errors;
  // Failing began inside a second; that one, if it failed enough, and the two after it are the three.
  EXPECT_LE(server_.last_request() - server_.failing_since(), 4s + 1s);
  EXPECT_GE(server_.last_request() - server_.failing_since(), 2s);

  const auto record = record::read_run(dir_);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_FALSE(record->partial);
  const Summary made = record->summary();
  EXPECT_EQ(made.stopped_by, "failed_ratio < 5%");
  EXPECT_EQ(made.verdict, "fail");
  EXPECT_TRUE(made.requests.balances());
  EXPECT_TRUE(made.flows.balances());
  double interval_end_s = -1, acted_s = -1;
  for (const auto& event : record->events) {
    if (event.kind != "stop") continue;
    EXPECT_EQ(acted_s, -1) << "one line says that it stopped";
    acted_s = event.t_s;
    interval_end_s = event.fields["interval_end_s"];
    EXPECT_EQ(event.fields["rule"], "failed_ratio < 5%");
    EXPECT_EQ(event.fields["intervals"], 3);
  }
  ASSERT_GE(acted_s, 0);
  EXPECT_LE(acted_s - interval_end_s, 1.0) << "promise 20: within one interval of the k-th";
  // The run's own clock: the last request was planned within a second of the k-th interval's end.
  EXPECT_LE(made.duration_s, interval_end_s + 1.0);
}

TEST_F(Stopping, APercentileStopsTooAndIsNamedInTheTable) {
  auto arguments =
      run({"--rate", "100", "--duration", "30s", "--threshold", "response.p99 < 50ms over 2s abort for 2"});
  std::erase(arguments, "--json");
  BackgroundCommand command(arguments);
  ASSERT_TRUE(has_begun(command, 200));
  server_.answer_after(150ms);
  const auto ended = command.wait(30);
  EXPECT_EQ(ended.exit_code, 99) << ended.errors;
  EXPECT_NE(ended.output.find("stopped   by response.p99 < 50ms over 2s: broken in 2 intervals in a row"),
            std::string::npos)
      << ended.output;
}

TEST_F(Stopping, ARateThatIsNotReachedStopsToo) {
  server_.answer_after(200ms);  // ten connections, five answers a second each
  const auto ended = run_command(run({"--rate", "200", "--duration", "30s", "--connections", "10", "--threshold",
                                      "achieved_ratio > 0.9 over 2s abort for 2"}),
                                 40);
  EXPECT_EQ(ended.exit_code, 99) << ended.errors;
  EXPECT_EQ(nlohmann::json::parse(ended.output)["stopped_by"], "achieved_ratio > 0.9 over 2s");
  EXPECT_LT(summary()["duration_s"], 12);
}

TEST_F(Stopping, AThresholdOfTheScenarioStopsByItsMap) {
  const std::string file = folder_ / "scenario.yaml";
  std::ofstream(file) << "load: {arrivals: even, rate: 50, duration: 30s}\n"
                         "flows: [{name: get, steps: [{get: /}]}]\n"
                         "thresholds:\n  - {expect: 'errors{kind=status 5*} < 10', abort: true, for: 1}\n";
  server_.fail_from_now();
  const auto ended =
      run_tidemark({"run", file, "--target", server_.url().substr(0, server_.url().size() - 1), "--out", dir_}, 40);
  EXPECT_EQ(ended.exit_code, 99) << ended.errors;
  EXPECT_EQ(summary()["stopped_by"], "errors{kind=status 5*} < 10");
  EXPECT_LE(summary()["requests"]["started"], 110);
}

}  // namespace
}  // namespace tidemark::test
