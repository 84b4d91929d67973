// What a run shows while it runs: on a real pseudo terminal, in plain lines, as a stream, to Prometheus.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>

#include "engine/net/http_client.h"
#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Live : public testing::Test {
 protected:
  std::vector<std::string> run(const std::string& seconds, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"run",    "--target", server_.url(),
                                          "--rate", "50",       "--duration",
                                          seconds,  "--out",    folder_ / ("run" + std::to_string(runs_++))};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TemporaryFolder folder_;
  LocalServer server_;
  int runs_ = 0;
};

struct Screen {
  std::string bytes;
  int exit_code = -1;
};

// Runs tidemark on a pseudo terminal of 80 columns and 24 rows; `after_each` sees what has come so far.
Screen on_terminal(const std::vector<std::string>& arguments,
                   const std::vector<std::pair<std::string, std::string>>& environment,
                   const std::function<void(int terminal, const std::string& so_far)>& after_each = {}) {
  winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  std::vector<std::string> all = {TIDEMARK_BINARY};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    unsetenv("CI");
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm-256color", 1);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    execv(argv[0], argv.data());
    _exit(127);
  }
  Screen screen;
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd ready{.fd = terminal, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 60'000) <= 0) break;
    const ssize_t count = read(terminal, buffer.data(), buffer.size());
    if (count <= 0) break;  // EIO once the child has closed its side
    screen.bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (after_each) after_each(terminal, screen.bytes);
  }
  int status = 0;
  kill(child, SIGKILL);  // nothing where it has ended
  waitpid(child, &status, 0);
  screen.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  close(terminal);
  return screen;
}

TEST_F(Live, OnATerminalTheFrameIsRedrawnInPlaceAndLeavesTheTable) {
  const auto screen = on_terminal(run("3s"), {});
  EXPECT_EQ(screen.exit_code, 0) << screen.bytes;
  EXPECT_THAT(screen.bytes, HasSubstr("offered"));
  EXPECT_THAT(screen.bytes, HasSubstr("s left"));
  EXPECT_THAT(screen.bytes, ContainsRegex("\x1b\\[[0-9]+A"));  // up to the frame's first line
  EXPECT_THAT(screen.bytes, HasSubstr("\x1b[2m"));
  // The frame is gone before the table comes.
  const std::size_t last_frame = screen.bytes.rfind("s left"), cleared = screen.bytes.rfind("\x1b[J");
  const std::size_t table = screen.bytes.find("verdict   pass");
  ASSERT_NE(table, std::string::npos);
  EXPECT_LT(last_frame, cleared);
  EXPECT_LT(cleared, table);
}

TEST_F(Live, NoColorIsRespected) {
  const auto screen = on_terminal(run("2s"), {{"NO_COLOR", "1"}});
  EXPECT_THAT(screen.bytes, HasSubstr("offered"));
  EXPECT_EQ(screen.bytes.find("\x1b[2m"), std::string::npos);
  EXPECT_FALSE(std::regex_search(screen.bytes, std::regex("\x1b\\[[0-9;]*m")));
}

TEST_F(Live, AResizedWindowIsRightOneSecondLater) {
  bool resized = false;
  std::size_t from = 0;
  const auto screen = on_terminal(run("5s"), {{"NO_COLOR", "1"}}, [&](int terminal, const std::string& so_far) {
    if (resized || so_far.find("offered") == std::string::npos) return;
    resized = true;
    const winsize narrow{.ws_row = 12, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(terminal, TIOCSWINSZ, &narrow);
    from = so_far.size();
  });
  const std::string after = screen.bytes.substr(from, screen.bytes.find("run ", from) - from);
  // The narrow frame leaves the middle percentiles out.
  EXPECT_THAT(after, HasSubstr("p50"));
  EXPECT_THAT(after, Not(HasSubstr("p99.9"))) << after;
}

TEST_F(Live, InCiATerminalGetsPlainLines) {
  const auto screen = on_terminal(run("3s", {"--progress-interval", "1"}), {{"CI", "true"}});
  EXPECT_THAT(screen.bytes, HasSubstr("   2/3 s  offered"));
  EXPECT_EQ(screen.bytes.find('\x1b'), std::string::npos);
}

TEST_F(Live, WithoutATerminalItIsALineEachInterval) {
  const auto plain = run_tidemark(run("3s", {"--progress-interval", "1"}));
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_THAT(plain.errors, HasSubstr("   1/3 s  offered"));
  EXPECT_EQ(plain.errors.find('\x1b'), std::string::npos);
  EXPECT_EQ(run_tidemark(run("2s", {"--progress", "none"})).errors, "");
  EXPECT_EQ(run_tidemark(run("2s", {"--progress", "sometimes"})).exit_code, 2);
}

TEST_F(Live, TheStreamOnStandardOutputAddsUpToTheSummary) {
  const auto result = run_tidemark(run("3s", {"--stream", "-"}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::istringstream lines(result.output);
  std::uint64_t ok = 0, seconds = 0;
  nlohmann::json last, second;
  for (std::string line; std::getline(lines, line);) {
    last = nlohmann::json::parse(line);  // throws on a table between the lines
    if (last["type"] != "second") continue;
    second = last;
    ok += last["requests"]["ok"].get<std::uint64_t>();
    ++seconds;
  }
  EXPECT_GE(seconds, 3U);
  EXPECT_EQ(last["type"], "end");
  EXPECT_EQ(last["summary"]["requests"]["ok"], ok);
  EXPECT_EQ(second["total"]["requests"]["ok"], ok);
  EXPECT_EQ(last["dropped_lines"], 0);
  EXPECT_THAT(result.errors, HasSubstr("verdict   pass"));  // the table makes way
}

TEST_F(Live, AReaderThatNeverReadsHoldsUpNeitherTheRunNorItsEnd) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_EQ(fcntl(reader, F_SETPIPE_SZ, 4096), 4096);
  const auto result = run_tidemark(run("4s", {"--stream", fifo, "--json"}), 30);
  close(reader);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto summary = nlohmann::json::parse(result.output);
  EXPECT_EQ(summary["validity"], "valid");
  EXPECT_LT(summary["duration_s"].get<double>(), 5);
  EXPECT_THAT(result.errors, HasSubstr("stream:"));
}

TEST_F(Live, BothWantingStandardOutputIsAUsageError) {
  EXPECT_EQ(run_tidemark(run("1s", {"--stream", "-", "--json"})).exit_code, 2);
  EXPECT_EQ(run_tidemark(run("1s", {"--metrics-listen", "0.0.0.0:9100"})).exit_code, 2);
  EXPECT_EQ(run_tidemark(run("1s", {"--stream", folder_ / "no/such/folder"})).exit_code, 4);
}

TEST_F(Live, PrometheusScrapesTheRunAndPromtoolIsContent) {
  // The port is told on standard error, which the fixture keeps until the end: pick a free one first.
  std::uint16_t port = 0;
  {
    net::asio::io_context io{1};
    net::HttpServer free(io, {}, [](net::Request) -> net::Task<net::Response> { co_return net::Response{}; });
    port = *free.listen("127.0.0.1", 0);
  }
  auto arguments = run("20s", {"--metrics-listen", "127.0.0.1:" + std::to_string(port)});
  arguments.insert(arguments.begin(), TIDEMARK_BINARY);
  BackgroundCommand command(arguments);
  std::string body;
  while (body.find("tidemark_run_requests_ended_total") == std::string::npos) {
    ASSERT_EQ(kill(command.pid(), 0), 0);
    body = net::call_blocking({.host = "127.0.0.1", .port = port}, {.target = "/metrics"}, std::chrono::seconds(2))
               .response.body;
  }
  command.signal(SIGINT);
  EXPECT_EQ(command.wait(20).exit_code, 130);
  EXPECT_THAT(body, HasSubstr("tidemark_run_response_seconds_bucket"));
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "skipped: promtool is not installed";
  std::ofstream(folder_ / "metrics") << body;
  EXPECT_EQ(std::system(("promtool check metrics < " + (folder_ / "metrics")).c_str()), 0);
}

}  // namespace
}  // namespace tidemark::test
