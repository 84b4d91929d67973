// What is sent, and when: exact counts, two models, stops, limits.
#include <csignal>
#include <future>

#include "engine/record/run_reader.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

class RunLoad : public RunTest {};

// Every start opened a connection, each took longer than the next start was away, and no socket was served any more:
// of 40,000 requests a second 5 were answered.
TEST_F(RunLoad, StartsThatOpenConnectionsLeaveTheSocketsTheirTurn) {
  StubProcess server;
  auto options = even(server.url(), 40'000, 2s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->achieved_rate, 0.25 * summary->offered_rate);
}

TEST_F(RunLoad, SendsExactlyWhatIsPlanned) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto options = even(server.url(), 400, 2500ms);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.planned, 1000u);
  EXPECT_EQ(summary->flows.completed, 1000u);
  EXPECT_EQ(summary->requests.started, 1000u);
  EXPECT_EQ(summary->requests.ok, 1000u);
  EXPECT_EQ(server.served(), 1000u);
  EXPECT_DOUBLE_EQ(summary->offered_rate, 400);
  EXPECT_EQ(summary->verdict, "pass");
  EXPECT_EQ(summary->run_id.size(), 16u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, SecondsAndWindowsAreCutAtStageBoundaries) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options = even(server.url(), 100, 1500ms);
  options.scenario.load.stages.push_back({Rate::per_second(200), Rate::per_second(200), 1s});
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 350u);
  const auto record = record::read_run(options.out_dir);
  ASSERT_TRUE(record);
  std::vector<std::pair<double, double>> windows;
  for (const auto& window : record->windows) windows.emplace_back(window.start_s, window.start_s + window.length_s);
  ASSERT_GE(windows.size(), 4u);
  const std::vector<std::pair<double, double>> wanted = {{0, 0.3}, {0.3, 1.5}, {1.5, 1.7}, {1.7, 2.5}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(windows[i].first, wanted[i].first, 1e-6);
    EXPECT_NEAR(windows[i].second, wanted[i].second, 1e-6);
  }
  std::vector<double> stages;
  for (const auto& event : record->events) {
    if (event.kind == "stage") stages.push_back(event.fields.at("rate").get<double>());
  }
  EXPECT_EQ(stages, (std::vector<double>{100, 200}));
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, ClosedModelSendsAsFastAsItIsAnswered) {
  StubProcess server;
  const auto options = closed(server.url(), 8, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->requests.ok, 1000u);
  EXPECT_EQ(summary->requests.failed + summary->requests.timed_out + summary->requests.in_flight, 0u);
  EXPECT_EQ(summary->flows.completed, summary->requests.ok);
  EXPECT_EQ(summary->validity, "valid") << "the closed model has no lag verdict";
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, ClosedModelUsesOneConnectionPerUser) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto summary = drive::run(closed(server.url(), 5, 300ms));
  ASSERT_TRUE(summary);
  EXPECT_EQ(server.accepted(), 6u) << "and one to see whether anything listens";
}

TEST_F(RunLoad, NeverHoldsMoreConnectionsThanAllowed) {
  ScriptedServer server([](const ServedRequest&) { return Reply::silence(); });
  auto options = even(server.url(), 200, 500ms);
  options.scenario.load.connections = 7;
  options.scenario.timeout = 1500ms;
  std::uint64_t opened = 0;
  options.progress = [&](const drive::Progress&) {
    if (opened == 0) opened = server.accepted();
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(opened, 8u) << "seven, and one to see whether anything listens";
  EXPECT_EQ(summary->flows.aborted, 100u);
  EXPECT_EQ(summary->requests.timed_out, 100u);
  EXPECT_EQ(summary->flows.dropped, 0u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, StopsOnASignalAndSaysSo) {
  std::atomic<int> signal{0};
  ScriptedServer server([&](const ServedRequest&) { return Reply::ok(); });
  auto options = even(server.url(), 200, 60s);
  options.stop_signal = &signal;
  options.progress = [&](const drive::Progress& progress) {
    if (progress.t_s > 0.5) signal = SIGTERM;
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stop_reason, "terminated");
  EXPECT_LT(summary->duration_s, 30);
  EXPECT_GE(summary->requests.ok, 200u);
  EXPECT_EQ(summary->flows.in_flight, 0u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, EndWhenEndsTheSendingWaitsForAnswersAndIsTheStopReason) {
  ScriptedServer server([&](const ServedRequest&) { return Reply::ok(); });
  auto options = even(server.url(), 200, 60s);
  options.end_when = [](const drive::Progress& progress) { return progress.t_s > 1.5 ? "enough seen" : ""; };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stop_reason, "enough seen");
  EXPECT_EQ(summary->verdict, "pass");
  EXPECT_LT(summary->duration_s, 4);
  EXPECT_EQ(summary->requests.in_flight, 0u);
  EXPECT_NEAR(static_cast<double>(summary->requests.ok), 400, 40);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, TheLastProgressAddsUpToTheSummary) {
  ScriptedServer server(
      [&](const ServedRequest& request) { return request.number % 10 == 3 ? Reply::status(500) : Reply::ok(); });
  auto options = even(server.url(), 100, 2s);
  options.slow_us = 1;  // every response takes longer
  drive::Progress last;
  std::uint64_t slow = 0;
  options.progress = [&](const drive::Progress& progress) {
    last = progress;
    slow += progress.steps.at(0).slow;
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(last.run_id, summary->run_id);
  EXPECT_EQ(last.total.so_far.ok, summary->requests.ok);
  EXPECT_EQ(last.total.so_far.failed, summary->requests.failed);
  EXPECT_EQ(last.flows.planned, summary->flows.planned);
  EXPECT_EQ(last.errors, summary->errors);
  std::uint64_t counted = 0;
  for (const auto count : last.steps.at(0).response.counts) counted += count;
  EXPECT_EQ(counted, summary->clocks.response_us.count);
  EXPECT_NEAR(last.steps.at(0).response.sum_us, summary->clocks.response_us.mean * static_cast<double>(counted), 1);
  EXPECT_EQ(slow, counted);
}

TEST_F(RunLoad, ASecondSignalDoesNotWaitForAnswers) {
  std::atomic<int> signal{0};
  ScriptedServer server([&](const ServedRequest&) { return Reply::silence(); });
  auto options = even(server.url(), 50, 60s);
  options.stop_signal = &signal;
  std::promise<void> first;
  options.progress = [&](const drive::Progress& progress) {
    if (progress.t_s > 0.5 && signal.exchange(SIGINT) == 0) first.set_value();
  };
  auto run = std::async(std::launch::async, [&] { return drive::run(options); });
  first.get_future().wait();
  // The run drains for up to 5 s now; the first signal has been taken once the record shows no more sends.
  EXPECT_EQ(run.wait_for(200ms), std::future_status::timeout);
  signal = SIGTERM;
  const auto summary = run.get();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->stop_reason, "interrupted");
  EXPECT_LT(summary->duration_s, 4);
  EXPECT_GT(summary->requests.in_flight, 0u);
  EXPECT_EQ(summary->flows.in_flight, summary->requests.in_flight);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, AGeneratorThatCannotKeepUpIsNamed) {
  StubProcess server;
  auto options = even(server.url(), 2'000'000, 3500ms);
  options.scenario.load.connections = 50;
  options.scenario.timeout = 1s;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->validity, "generator-limited");
  EXPECT_FALSE(summary->validity_reasons.empty());
  EXPECT_EQ(exit_code_of(*summary), ExitCode::invalid_measurement);
  EXPECT_EQ(summary->flows.planned, 7'000'000u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, ReplaysTheRecordedTargetsAtTheirTimes) {
  std::mutex mutex;
  std::vector<std::string> targets;
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    targets.push_back(request.method + " " + request.target);
    return Reply::ok("");
  });
  auto options = even(server.url(), 1, 1s);
  options.scenario.load = {};
  schedule::LogReplay log;
  for (const char* name : {"a", "b"}) {
    schedule::Step step;
    step.name = name;
    step.url = schedule::Template::of(std::string("/") + name);
    log.scenario.flows.push_back({name, 1, {step}});
  }
  log.arrivals = {{0ms, 0, 0}, {100ms, 1, 1}, {1200ms, 0, 2}};
  log.targets = {"/a?x=1", "/b", "/a?x=2"};
  options.replay = log;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(targets, (std::vector<std::string>{"GET /a?x=1", "GET /b", "GET /a?x=2"}));
  EXPECT_EQ(summary->by_step.at("a").requests.ok, 2u);
  EXPECT_EQ(summary->by_step.at("b").requests.ok, 1u);
  EXPECT_GE(summary->duration_s, 1.2);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunLoad, ThresholdsMakeTheVerdict) {
  ScriptedServer server(
      [](const ServedRequest& request) { return request.number % 2 == 0 ? Reply::ok() : Reply::status(500); });
  const auto verdict_of = [&](const std::string& expression) {
    auto options = even(server.url(), 500, 1s);
    options.scenario.thresholds = {*schedule::parse_threshold(expression)};
    const auto summary = drive::run(options);
    return summary ? summary->verdict : summary.error().message();
  };
  EXPECT_EQ(verdict_of("failed_ratio < 0.9"), "pass");
  EXPECT_EQ(verdict_of("failed_ratio < 0.01"), "fail");
  EXPECT_EQ(verdict_of("response.p999 < 10s"), "undecided") << "500 samples cannot vouch for a p99.9";
}

TEST_F(RunLoad, TheAuditHasAWord) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options = even(server.url(), 50, 500ms);
  options.audit = [](Summary& summary) {
    EXPECT_EQ(summary.requests.ok, 25u);
    summary.leaks.push_back({"store/live/orders", "tagged row"});
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->verdict, "fail");
  const auto record = record::read_run(options.out_dir);
  ASSERT_TRUE(record);
  ASSERT_TRUE(record->stored_summary);
  EXPECT_EQ(record->stored_summary->leaks.size(), 1u);
}

TEST_F(RunLoad, RefusesBeforeItSends) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto error_of = [](const drive::RunOptions& options) {
    const auto summary = drive::run(options);
    return summary ? ExitCode::pass : summary.error().code;
  };
  EXPECT_EQ(error_of(even("http://192.0.2.1/", 1, 1s)), ExitCode::refused_target);
  EXPECT_EQ(error_of(even("http://127.0.0.1:1/", 1, 1s)), ExitCode::environment) << "nothing listens there";
  EXPECT_EQ(error_of(closed(server.url(), 0, 1s)), ExitCode::usage);
  auto used = even(server.url(), 100, 100ms);
  EXPECT_EQ(error_of(used), ExitCode::pass);
  EXPECT_NE(error_of(used), ExitCode::pass) << "a run directory is never written twice";
}

}  // namespace
}  // namespace tidemark::test
