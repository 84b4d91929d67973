// What the target may do to a request, and where it shows: clocks and books under every kind of failure.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/record/run_reader.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr double kTolerance = 0.10;  // everything is several times slower
#else
constexpr double kTolerance = 0.05;
#endif
#endif

class RunFaults : public RunTest {};

// Stops the server at `from` and lets it go on at `until`, counted from the second of the run that `progress` reported.
class Stall {
 public:
  Stall(const StubProcess& server, Nanos length) : server_(server), length_(length) {}
  ~Stall() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  void begin() {
    if (thread_.joinable()) return;
    thread_ = std::thread([this] {
      const auto until = Clock::now() + length_;
      server_.signal(SIGSTOP);
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, until, [this] { return over_; });
      server_.signal(SIGCONT);
    });
  }

 private:
  const StubProcess& server_;
  Nanos length_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

TEST_F(RunFaults, AStoppedServerShowsInEveryRequestThatWasDue) {
  StubProcess server;
  Stall stall(server, 2s);
  auto options = even(server.url(), 1000, 20s);
  options.scenario.load.connections = 2500;
  options.progress = [&](const drive::Progress& progress) {
    if (progress.t_s >= 5) stall.begin();
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 20'000u);
  EXPECT_EQ(summary->flows.dropped, 0u);
  // A tenth of the requests fell into the stall and waited between 2 s and nothing.
  const Quantiles& response = summary->clocks.response_us;
  RecordProperty("p95_us", std::to_string(response.p95));
  RecordProperty("max_us", std::to_string(response.max));
  EXPECT_NEAR(response.p95, 1.0e6, kTolerance * 1.0e6);
  EXPECT_NEAR(response.p99, 1.8e6, kTolerance * 1.8e6);
  EXPECT_NEAR(response.max, 2.0e6, kTolerance * 2.0e6);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, AStoppedServerShowsAlsoThroughTwoConnections) {
  StubProcess server;
  Stall stall(server, 1s);
  auto options = even(server.url(), 500, 5s);
  options.scenario.load.connections = 2;
  options.progress = [&](const drive::Progress& progress) {
    if (progress.t_s >= 2) stall.begin();
  };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.ok, 2500u);
  EXPECT_NEAR(summary->clocks.response_us.max, 1.0e6, 0.1e6);
  EXPECT_NEAR(summary->clocks.response_us.p90, 0.5e6, 0.1e6);
  EXPECT_GT(summary->clocks.lag_us.p90, 0.4e6) << "they waited for a connection, so the wait is lag, not service";
  EXPECT_LT(summary->clocks.service_us.p90, 0.1e6);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, SilenceTimesOut) {
  ScriptedServer server([](const ServedRequest&) { return Reply::silence(); });
  auto options = even(server.url(), 100, 500ms);
  options.scenario.timeout = 200ms;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.timed_out, 50u);
  EXPECT_EQ(summary->flows.aborted, 50u);
  EXPECT_EQ(summary->errors.at("timed out"), 50u);
  EXPECT_GE(summary->clocks.response_us.p50, 199'000);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, AServerThatGoesAwayRefuses) {
  auto server = std::make_unique<StubProcess>();
  auto options = even(server->url(), 200, 3s);
  options.progress = [&](const drive::Progress&) { server.reset(); };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_GE(summary->requests.ok, 100u);
  EXPECT_GE(summary->requests.failed, 100u);
  EXPECT_EQ(summary->requests.started, 600u);
  EXPECT_GE(summary->errors.at("connect: Connection refused"), 100u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, AClosedUserDoesNotSpinOnARefusedConnection) {
  auto server = std::make_unique<StubProcess>();
  auto options = closed(server->url(), 4, 2s);
  options.progress = [&](const drive::Progress&) { server.reset(); };
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->requests.failed, 0u);
  EXPECT_LT(summary->requests.failed, 100u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, MalformedAnswersFail) {
  ScriptedServer server([](const ServedRequest&) {
    return Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"};
  });
  const auto options = even(server.url(), 100, 300ms);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.failed, 30u);
  EXPECT_EQ(summary->errors.at("content length repeated"), 30u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, AnswersCutHalfWayFail) {
  ScriptedServer server([](const ServedRequest&) {
    return Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .close = true};
  });
  const auto options = even(server.url(), 100, 300ms);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.failed, 30u);
  EXPECT_EQ(summary->errors.at("connection closed inside the answer"), 30u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, ConnectionsClosedAfterEachAnswerCostNothing) {
  for (const char* field : {"Connection: close\r\n", ""}) {
    ScriptedServer server([field](const ServedRequest&) {
      return Reply{.bytes = std::string("HTTP/1.1 200 OK\r\n") + field + "Content-Length: 0\r\n\r\n", .close = true};
    });
    const auto options = even(server.url(), 300, 1s);
    const auto summary = drive::run(options);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->requests.ok, 300u) << field;
    EXPECT_EQ(summary->requests.failed, 0u) << field;
    expect_sound(*summary, options.out_dir);
  }
}

TEST_F(RunFaults, AKeptConnectionClosedUnderARequestIsTriedOnceMoreOnlyIfIdempotent) {
  // Every second request of a connection is read and answered by closing.
  const auto handler = [](const ServedRequest& request) {
    return request.number == 1 ? Reply{.bytes = "", .close = true} : Reply::ok();
  };
  for (const bool idempotent : {true, false}) {
    ScriptedServer server(handler);
    auto options = even(server.url(), 100, 1s);
    options.scenario.load.connections = 1;
    options.scenario.flows[0].steps[0].method = idempotent ? "GET" : "POST";
    const auto summary = drive::run(options);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->requests.started, 100u);
    EXPECT_EQ(summary->requests.failed, idempotent ? 0u : 50u);
    expect_sound(*summary, options.out_dir);
  }
}

TEST_F(RunFaults, RefusalsAndErrorsOfTheServerAreFailures) {
  std::atomic<int> count{0};
  ScriptedServer server([&](const ServedRequest&) {
    const int number = count++;
    return number % 4 == 0 ? Reply::status(429) : number % 4 == 1 ? Reply::status(500) : Reply::status(302);
  });
  const auto options = even(server.url(), 200, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.ok, 100u);
  EXPECT_EQ(summary->requests.failed, 100u);
  EXPECT_EQ(summary->errors.at("status 429"), 50u);
  EXPECT_EQ(summary->errors.at("status 500"), 50u);
  EXPECT_EQ(summary->flows.aborted, 100u);
  expect_sound(*summary, options.out_dir);
}

// Promise 8: the kinds are bounded, their counts are not.
TEST_F(RunFaults, ManyKindsOfErrorsAreAHundredAndTheRestAndNoneIsLost) {
  std::atomic<int> count{0};
  ScriptedServer server([&](const ServedRequest&) { return Reply::status(400 + count++ % 600); });
  const auto options = even(server.url(), 600, 3s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.failed, 1800u);
  EXPECT_LE(summary->errors.size(), 101u);
  std::uint64_t kept = 0;
  for (const auto& [kind, number] : summary->errors) {
    EXPECT_LE(kind.size(), 256u);
    kept += number;
  }
  EXPECT_EQ(kept, 1800u);
  EXPECT_GT(summary->errors.at("other"), 1000u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, BigAnswersAndBigRequestsArriveWhole) {
  const std::string big(3 << 20, 'x');
  std::atomic<std::uint64_t> received{0};
  ScriptedServer server([&](const ServedRequest& request) {
    received += request.body.size();
    return Reply::ok(big);
  });
  auto options = even(server.url(), 10, 500ms);
  auto& step = options.scenario.flows[0].steps[0];
  step.method = "POST";
  step.body = schedule::Template::of(big);
  step.checks = {{.kind = schedule::Check::Kind::body_contains, .text = "xxxx"}};
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.ok, 5u);
  EXPECT_EQ(received, 5 * big.size());
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFaults, AKilledRunLeavesAReadableRecord) {
  StubProcess server;
  const auto options = even(server.url(), 200, 60s);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    drive::run(options);
    _exit(0);
  }
  // Three sealed seconds, then the axe.
  const auto sealed = [&] {
    std::ifstream file(options.out_dir / "series.ndjson");
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  };
  const auto deadline = Clock::now() + 60s;
  while (sealed() < 6 && Clock::now() < deadline) sched_yield();
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const auto record = record::read_run(options.out_dir);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_TRUE(record->partial);
  const Summary summary = record->summary();
  EXPECT_TRUE(summary.partial);
  EXPECT_GE(summary.requests.ok, 300u);
  EXPECT_EQ(exit_code_of(summary), ExitCode::partial_record);
}

}  // namespace
}  // namespace tidemark::test
