// Loads of both models at once, users that think, and runs that are steered while they go.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <set>

#include "engine/drive/control_socket.h"
#include "engine/record/run_reader.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Kind = drive::ControlRequest::Kind;

schedule::Flow flow_of(const std::string& name) {
  schedule::Step step;
  step.name = name;
  step.url.pieces = {{"/" + name, ""}};
  return {name, 1, {step}};
}

class RunSteering : public RunTest {
 protected:
  // The answer of the run to one request, as `tidemark ctl` would get it.
  drive::ControlStatus steer(const drive::RunOptions& options, drive::ControlRequest request) {
    const auto reply = drive::ask_run(options.out_dir, request);
    EXPECT_TRUE(reply) << reply.error().message();
    return reply ? reply->status : drive::ControlStatus{};
  }
  // Runs beside the test until `ready` has been seen by the progress line.
  std::future<Result<Summary>> started(drive::RunOptions options, double after_s) {
    auto reached = std::make_shared<std::promise<void>>();
    auto once = std::make_shared<std::once_flag>();
    options.progress = [=](const drive::Progress& progress) {
      if (progress.t_s >= after_s) std::call_once(*once, [&] { reached->set_value(); });
    };
    auto run = std::async(std::launch::async, [options] { return drive::run(options); });
    reached->get_future().wait();
    return run;
  }
  static std::vector<nlohmann::json> controls(const std::filesystem::path& dir) {
    std::vector<nlohmann::json> found;
    const auto record = record::read_run(dir);
    EXPECT_TRUE(record);
    for (const auto& event : record->events) {
      if (event.kind == "control") {
        found.push_back(event.fields);
        found.back()["t_s"] = event.t_s;
      }
    }
    return found;
  }
};

TEST_F(RunSteering, OpenAndClosedLoadsRunAtOnceEachWithItsFlows) {
  std::mutex mutex;
  std::map<std::string, int> served;
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    ++served[request.target];
    return Reply::ok();
  });
  auto options = even(server.url(), 100, 2s);
  options.scenario.flows = {flow_of("open"), flow_of("closed")};
  options.scenario.load.flows = {"open"};
  schedule::Load users;
  users.model = schedule::Load::Model::closed;
  users.flows = {"closed"};
  users.users = {{3, 3, 1500ms}};
  users.pacing = 500ms;
  options.scenario.further_loads = {users};
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(served["/open"], 200);
  EXPECT_EQ(served["/closed"], 9) << "three users, each at 0, 0.5 and 1 s";
  EXPECT_EQ(summary->by_step.at("open").requests.ok, 200u);
  EXPECT_EQ(summary->by_step.at("closed").requests.ok, 9u);
  EXPECT_EQ(summary->flows.planned, 209u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, UsersWhoThinkHoldNoConnection) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options = closed(server.url(), 1, 1s);
  options.scenario.load.connections = 2;
  options.scenario.load.users = {{500, 500, 1s}};
  options.scenario.load.think = {.kind = schedule::ThinkTime::Kind::constant, .low = 10s};
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 500u) << "each of them once";
  EXPECT_LE(server.accepted(), 3u) << "two, and one to see whether anything listens";
  EXPECT_LT(summary->duration_s, 5) << "nobody waits for a thinking user";
  EXPECT_GE(summary->overflowed, 490u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, ARampOfUsersSendsWhatItsUsersCan) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options = closed(server.url(), 1, 1s);
  options.scenario.load.connections = 0;
  options.scenario.load.users = {{0, 20, 1s}, {20, 0, 1s}};
  options.scenario.load.pacing = 100ms;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  // The area under the line is 20 user-seconds at ten flows each.
  EXPECT_NEAR(static_cast<double>(summary->flows.completed), 200, 25);
  EXPECT_EQ(summary->flows.in_flight + summary->flows.dropped + summary->flows.aborted, 0u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, WhatIsUnderWayAtTheEndHasTheGraceToFinish) {
  ScriptedServer server([](const ServedRequest&) { return Reply::silence(); });
  auto options = even(server.url(), 20, 500ms);
  options.scenario.timeout = 20s;
  options.scenario.load.grace = 300ms;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.in_flight, 10u);
  EXPECT_LT(summary->duration_s, 5);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, AgentsTogetherSendTheOneSchedule) {
  std::mutex mutex;
  std::multiset<std::string> whole, shared;
  std::multiset<std::string>* into = &whole;
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    into->insert(request.target);
    return Reply::ok();
  });
  auto options = even(server.url(), 200, 500ms);
  options.scenario.variables = {{"item", schedule::Variable::Kind::random, 1, 1'000'000, {}}};
  options.scenario.flows[0].steps[0].url.pieces = {{"/", ""}, {"", "flow_id"}, {"/", ""}, {"", "item"}};
  ASSERT_TRUE(drive::run(options));
  into = &shared;
  for (std::uint32_t agent = 0; agent < 3; ++agent) {
    auto part = options;
    part.partition = {agent, 3};
    part.out_dir = folder_ / ("agent" + std::to_string(agent));
    const auto summary = drive::run(part);
    ASSERT_TRUE(summary) << summary.error().message();
    expect_sound(*summary, part.out_dir);
  }
  EXPECT_EQ(whole.size(), 100u);
  EXPECT_EQ(whole, shared) << "flow by flow with the values that one process would have drawn";
}

TEST_F(RunSteering, TheSameSeedSendsTheSameRequests) {
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> sent;  // by the run
  std::string run = "first";
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    sent[run].push_back(request.method + " " + request.target);
    return Reply::ok();
  });
  const auto send = [&](const std::string& name, std::uint64_t seed) {
    auto options = even(server.url(), 300, 1s);
    options.scenario.load.arrivals = schedule::Load::Arrivals::poisson;
    options.scenario.variables = {{"item", schedule::Variable::Kind::random, 1, 1'000'000, {}}};
    options.scenario.flows = {flow_of("a"), flow_of("b")};
    for (auto& flow : options.scenario.flows) {
      flow.steps[0].url.pieces.push_back({"/", ""});
      flow.steps[0].url.pieces.push_back({"", "item"});
    }
    options.scenario.load.connections = 1;  // the order of sending is the order of arrival
    options.seed = seed;
    run = name;
    const auto summary = drive::run(options);
    EXPECT_TRUE(summary) << summary.error().message();
  };
  send("first", 7);
  send("again", 7);
  send("other", 8);
  EXPECT_GT(sent["first"].size(), 200u);
  EXPECT_EQ(sent["first"], sent["again"]) << "request for request, in order";
  EXPECT_NE(sent["first"], sent["other"]);
}

TEST_F(RunSteering, AChangedRateMovesTheRestOfTheScheduleAndNothingElse) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto options = even(server.url(), 100, 6s);
  auto run = started(options, 1);
  const auto before = steer(options, {.kind = Kind::status, .factor = {}, .rate = {}});
  EXPECT_EQ(before.state, "running");
  EXPECT_EQ(before.factor, 1);
  EXPECT_DOUBLE_EQ(before.rate, 100);
  EXPECT_DOUBLE_EQ(before.end_s, 6);
  const auto after = steer(options, {.kind = Kind::rate, .factor = 4, .rate = {}});
  EXPECT_DOUBLE_EQ(after.rate, 400);
  EXPECT_NEAR(after.end_s, after.t_s + (6 - after.t_s) / 4, 1e-6);
  const auto summary = run.get();
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.planned, 600u) << "every arrival of the schedule, none more";
  EXPECT_EQ(summary->requests.ok, 600u);
  EXPECT_NEAR(summary->duration_s, after.end_s, 0.5);
  const auto events = controls(options.out_dir);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["what"], "rate");
  EXPECT_EQ(events[0]["factor"], 4);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, ARateInFlowsASecondIsAgainstThePlannedOne) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto options = even(server.url(), 100, 4s);
  auto run = started(options, 1);
  const auto after = steer(options, {.kind = Kind::rate, .factor = {}, .rate = 50.0});
  EXPECT_DOUBLE_EQ(after.factor, 0.5);
  EXPECT_DOUBLE_EQ(after.rate, 50);
  steer(options, {.kind = Kind::rate, .factor = 20, .rate = {}});
  const auto summary = run.get();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.planned, 400u);
  EXPECT_EQ(controls(options.out_dir).size(), 2u);
}

TEST_F(RunSteering, APausedRunSendsNothingUntilItIsResumed) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto options = even(server.url(), 200, 3s);
  auto run = started(options, 1);
  const auto paused = steer(options, {.kind = Kind::pause, .factor = {}, .rate = {}});
  EXPECT_EQ(paused.state, "paused");
  EXPECT_EQ(paused.end_s, -1);
  // A whole second of the record later, nothing has been planned since.
  drive::ControlStatus later;
  while (later.t_s < paused.t_s + 1) later = steer(options, {.kind = Kind::status, .factor = {}, .rate = {}});
  EXPECT_EQ(later.flows.planned, paused.flows.planned);
  EXPECT_DOUBLE_EQ(later.planned_s, paused.planned_s);
  const auto resumed = steer(options, {.kind = Kind::resume, .factor = {}, .rate = {}});
  EXPECT_NEAR(resumed.end_s, 3 + (resumed.t_s - paused.t_s), 1e-3);
  const auto summary = run.get();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.planned, 600u);
  EXPECT_EQ(summary->requests.ok, 600u);
  EXPECT_LT(summary->clocks.lag_us.p99, 500'000) << "the pause is no lag";
  EXPECT_EQ(controls(options.out_dir).size(), 2u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, StopEndsTheLoadAndKeepsTheRecord) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  const auto options = even(server.url(), 100, 60s);
  auto run = started(options, 1);
  const auto stopped = steer(options, {.kind = Kind::stop, .factor = {}, .rate = {}});
  EXPECT_EQ(stopped.state, "draining");
  const auto summary = run.get();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->stop_reason, "stopped by tidemark ctl");
  EXPECT_LT(summary->duration_s, 20);
  EXPECT_EQ(summary->flows.planned, summary->flows.completed) << "what was not begun was not planned";
  EXPECT_NEAR(static_cast<double>(summary->flows.planned), stopped.t_s * 100, 3);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, UsersAreScaledAndPausedToo) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options = closed(server.url(), 4, 5s);
  options.scenario.load.connections = 64;
  options.scenario.load.users = {{4, 4, 4s}};
  options.scenario.load.pacing = 50ms;
  auto run = started(options, 1);
  EXPECT_EQ(steer(options, {.kind = Kind::status, .factor = {}, .rate = {}}).users, 4u);
  steer(options, {.kind = Kind::rate, .factor = 3, .rate = {}});
  drive::ControlStatus status;
  while (status.users != 12 && status.t_s < 4)
    status = steer(options, {.kind = Kind::status, .factor = {}, .rate = {}});
  EXPECT_EQ(status.users, 12u);
  const auto refused = drive::ask_run(options.out_dir, {.kind = Kind::rate, .factor = {}, .rate = 100.0});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("a closed load has users, not a rate"));
  steer(options, {.kind = Kind::pause, .factor = {}, .rate = {}});
  while (status.users != 0 && status.t_s < 20)
    status = steer(options, {.kind = Kind::status, .factor = {}, .rate = {}});
  EXPECT_EQ(status.users, 0u);
  steer(options, {.kind = Kind::resume, .factor = {}, .rate = {}});
  while (status.users != 12 && status.state == "paused")
    status = steer(options, {.kind = Kind::status, .factor = {}, .rate = {}});
  const auto summary = run.get();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.completed, summary->flows.planned);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunSteering, TheFloorIsProbedWhileItSends) {
  StubProcess server;
  const auto options = even(server.url(), 500, 2s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->timer_floor_us.count, 100u);
  EXPECT_GT(summary->timer_floor_us.p50, 0);
  EXPECT_LE(summary->timer_floor_us.p50, summary->timer_floor_us.p99);
  const auto record = record::read_run(options.out_dir);
  ASSERT_TRUE(record && record->stored_summary);
  EXPECT_EQ(record->stored_summary->timer_floor_us.count, summary->timer_floor_us.count);
}

}  // namespace
}  // namespace tidemark::test
