// tidemark search against real servers: one with a queue, one that stalls, one faster than the generator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/net/http_server.h"
#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

using testing::HasSubstr;

// `slots` requests are served at a time for `service` each, the others wait in line; from stall() on every answer takes
// half a second more. Keeps when requests arrived.
class QueueingServer {
 public:
  QueueingServer(std::size_t slots, Nanos service)
      : free_at_(slots), service_(service), server_(io_, {}, [this](net::Request) { return answer(); }) {
    port_ = *server_.listen("127.0.0.1", 0);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~QueueingServer() {
    io_.stop();
    thread_.join();
  }
  QueueingServer(const QueueingServer&) = delete;
  QueueingServer& operator=(const QueueingServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  void stall() { stalled_ = true; }
  std::vector<Instant> arrivals() {
    const std::lock_guard lock(mutex_);
    return arrivals_;
  }

 private:
  net::Task<net::Response> answer() {
    const Instant now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      arrivals_.push_back(now);
    }
    auto& slot = *std::min_element(free_at_.begin(), free_at_.end());
    slot = std::max(slot, now) + service_;
    net::asio::steady_timer timer(io_);
    timer.expires_at(slot + (stalled_ ? std::chrono::milliseconds(500) : Nanos{}));
    co_await timer.async_wait(net::asio::as_tuple(net::asio::deferred));
    co_return net::Response::text(200, "ok");
  }

  std::vector<Instant> free_at_;
  Nanos service_;
  std::atomic<bool> stalled_{false};
  std::mutex mutex_;
  std::vector<Instant> arrivals_;  // guarded by mutex_
  net::asio::io_context io_{1};
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(SearchCommand, FindsTheLimitOfAServerWithAQueue) {
  // Two slots of 10 ms: 200 requests/s at most. With Poisson arrivals 95 % stay below 40 ms up to about 175/s.
  QueueingServer server(2, std::chrono::milliseconds(10));
  TemporaryFolder folder;
  const auto result =
      run_tidemark({"search", "--target", server.url(), "--slo", "p95=40ms", "--min", "50", "--max", "2000",
                    "--step-duration", "6s", "--within", "60s", "--out", folder / "out", "--json"},
                   180);
  ASSERT_EQ(result.exit_code, 0) << result.errors << result.output;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["result"], "found");
  EXPECT_GT(json["rate"], 120.0);
  EXPECT_LT(json["rate"], 205.0);
  EXPECT_LE(json["low"], json["rate"]);
  EXPECT_LE(json["rate"], json["high"]);
  EXPECT_EQ(nlohmann::json::parse(read_text(folder / "out/search.json")), json);
  for (const auto& probe : json["probes"]) {
    const auto manifest = nlohmann::json::parse(read_text(probe["dir"].get<std::string>() + "/manifest.json"));
    EXPECT_EQ(manifest["kind"], "search");
    EXPECT_EQ(manifest["search"]["probe"], probe["number"]);
  }
  EXPECT_TRUE(std::filesystem::exists(json["report"].get<std::string>()));
}

TEST(SearchCommand, StopsItselfWithinTwoSecondsOfABreach) {
  QueueingServer server(64, std::chrono::milliseconds(1));
  TemporaryFolder folder;
  BackgroundCommand command({TIDEMARK_BINARY, "search", "--target", server.url(), "--slo", "p99=50ms", "--min", "100",
                             "--max", "150", "--step-duration", "60s", "--within", "200s", "--out", folder / "out",
                             "--progress", "none"});
  // Past the rise, which takes 4 s at 100/s: in the long probe at --max.
  while (server.arrivals().size() < 1500) ASSERT_EQ(kill(command.pid(), 0), 0);
  const Instant broken = Clock::now();
  server.stall();
  // The sending has stopped when nothing has come for 400 ms (the answers under way take 500).
  Instant last = broken;
  for (auto quiet = Clock::now(); Clock::now() - quiet < std::chrono::milliseconds(400);) {
    const Instant newest = server.arrivals().back();
    if (newest > last) {
      last = newest;
      quiet = newest;
    }
    ASSERT_LT(Clock::now() - broken, std::chrono::seconds(10));
  }
  EXPECT_LE(to_seconds(last - broken), 2.0);
  command.signal(SIGINT);
  EXPECT_EQ(command.wait(30).exit_code, 130);
}

TEST(SearchCommand, AGeneratorThatIsTheLimitYieldsNoRate) {
  LocalServer server;
  TemporaryFolder folder;
  const auto result =
      run_tidemark({"search", "--target", server.url(), "--slo", "p99=1s", "--min", "400000", "--max", "900000",
                    "--connections", "50", "--timeout", "2s", "--out", folder / "out", "--json"});
  EXPECT_EQ(result.exit_code, 6) << result.errors << result.output;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["result"], "generator-limited");
  EXPECT_FALSE(json.contains("rate"));
  EXPECT_EQ(json["probes"].size(), 3);
  for (const auto& probe : json["probes"]) EXPECT_EQ(probe["evidence"], false);
}

TEST(SearchCommand, HeldAtTheHighestRateIsAtLeastThat) {
  LocalServer server;
  TemporaryFolder folder;
  const auto result = run_tidemark({"search", "--target", server.url(), "--slo", "p90=1s", "--min", "100", "--max",
                                    "150", "--step-duration", "4s", "--out", folder / "out", "--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("result: at least 150.0 flows/s meet p90=1s"));
}

TEST(SearchCommand, MissedAtTheLowestRateIs99) {
  QueueingServer server(64, std::chrono::milliseconds(20));
  TemporaryFolder folder;
  const auto result = run_tidemark(
      {"search", "--target", server.url(), "--slo", "p99=5ms", "--min", "50", "--out", folder / "out", "--quiet"});
  EXPECT_EQ(result.exit_code, 99) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("missed at --min"));
}

TEST(SearchCommand, WhatContradictsItselfIs2) {
  LocalServer server;
  const auto code = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"search", "--target", server.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_tidemark(arguments).exit_code;
  };
  EXPECT_EQ(code({}), 2);
  EXPECT_EQ(code({"--slo", "p98=5ms"}), 2);
  EXPECT_EQ(code({"--slo", "p99=5ms", "--min", "20", "--max", "10"}), 2);
  EXPECT_EQ(code({"--slo", "p99=5ms", "--step-duration", "1s"}), 2);
  EXPECT_EQ(code({"--slo", "p99=60s"}), 2);  // above the time-out
  EXPECT_EQ(code({"--slo", "p99=5ms", "--stream", "-"}), 2);
}

TEST(SearchCommand, AsksForConsentAsARunDoes) {
  TemporaryFolder folder;
  const std::string hosts = folder / "hosts.yaml";
  std::ofstream(hosts) << "allow:\n  - {host: 192.0.2.7}\n";
  const auto search = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"search",  "--target", "http://192.0.2.7/", "--slo", "p99=5ms",
                                          "--quiet", "--out",    folder / "out"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_tidemark(arguments);
  };
  EXPECT_EQ(search({}).exit_code, 3);
  const auto unconfirmed = search({"--allow-list", hosts});
  EXPECT_EQ(unconfirmed.exit_code, 3);
  EXPECT_THAT(unconfirmed.errors, HasSubstr("--confirm"));
  EXPECT_EQ(search({"--allow-list", folder / "none.yaml"}).exit_code, 2);
}

}  // namespace
}  // namespace tidemark::test
