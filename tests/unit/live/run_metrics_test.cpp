// The Prometheus text of a run, checked by promtool, and the endpoint that serves it.
#include "engine/live/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "engine/live/metrics_endpoint.h"
#include "engine/net/http_client.h"
#include "tests/unit/live/sample_progress.h"

namespace tidemark::live {
namespace {

using test::sample_progress;
using testing::HasSubstr;

TEST(RunMetrics, PromtoolFindsNothingToComplainAbout) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "skipped: promtool is not installed";
  const auto file = std::filesystem::temp_directory_path() / ("tidemark-metrics-" + std::to_string(getpid()));
  std::ofstream(file) << run_metrics(sample_progress(), 3);
  FILE* promtool = popen(("promtool check metrics < " + file.string() + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string said;
  for (int c = 0; (c = std::fgetc(promtool)) != EOF;) said += static_cast<char>(c);
  EXPECT_EQ(pclose(promtool), 0) << said;
  EXPECT_EQ(said, "");
  std::filesystem::remove(file);
}

TEST(RunMetrics, BooksClocksAndValidityAreThere) {
  const std::string text = run_metrics(sample_progress(), 3);
  EXPECT_THAT(text, HasSubstr("tidemark_run_info{scenario=\"sale\",run_id=\"00112233445566aa\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("tidemark_run_requests_ended_total{scenario=\"sale\",step=\"browse\",outcome=\"ok\"} 1450"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_flows_ended_total{scenario=\"sale\",outcome=\"completed\"} 6319"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_response_seconds_bucket{scenario=\"sale\",step=\"buy\",le=\"0.01\"} 250"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_response_seconds_bucket{scenario=\"sale\",step=\"buy\",le=\"+Inf\"} 252"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_response_seconds_count{scenario=\"sale\",step=\"buy\"} 252"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_lag_seconds_count"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_errors_total{scenario=\"sale\",kind=\"status 500\"} 2"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_generator_late_sends{scenario=\"sale\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("tidemark_run_node_busy_ratio{scenario=\"sale\",node=\"product-1\",service=\"product\"} 0.93"));
  EXPECT_THAT(text, HasSubstr("tidemark_run_dropped_seconds_total{scenario=\"sale\"} 3"));
}

net::CallResult get(std::uint16_t port, const std::string& path) {
  return net::call_blocking({.host = "127.0.0.1", .port = port}, {.target = path}, std::chrono::seconds(5));
}

TEST(MetricsEndpoint, ServesTheLatestSecond) {
  auto endpoint = MetricsEndpoint::listen("127.0.0.1:0");
  ASSERT_TRUE(endpoint) << endpoint.error().message();
  EXPECT_EQ(get((*endpoint)->port(), "/metrics").response.status, 200);  // before the first second: only a comment
  (*endpoint)->set(sample_progress(), 0);
  const auto answer = get((*endpoint)->port(), "/metrics");
  EXPECT_EQ(answer.response.body, run_metrics(sample_progress(), 0));
  EXPECT_THAT(*answer.response.headers.find("content-type"), HasSubstr("version=0.0.4"));
  EXPECT_EQ(get((*endpoint)->port(), "/other").response.status, 404);
}

TEST(MetricsEndpoint, AScraperThatNeverReadsHoldsUpNeitherTheRunNorTheEnd) {
  auto endpoint = MetricsEndpoint::listen("127.0.0.1:0");
  ASSERT_TRUE(endpoint);
  const int stuck = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons((*endpoint)->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(stuck, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 50; ++i) ASSERT_GT(send(stuck, request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL), 0);
  (*endpoint)->set(sample_progress(), 0);
  EXPECT_EQ(get((*endpoint)->port(), "/metrics").response.status, 200);
  endpoint->reset();
  close(stuck);
}

TEST(MetricsEndpoint, RefusesWhatIsNoLoopbackAddress) {
  for (const char* text :
       {"", "9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "0.0.0.0:9100", "10.0.0.1:1"}) {
    const auto endpoint = MetricsEndpoint::listen(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, ExitCode::usage) << text;
  }
}

TEST(MetricsEndpoint, ATakenPortIsTheEnvironmentsFault) {
  const auto first = MetricsEndpoint::listen("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = MetricsEndpoint::listen("127.0.0.1:" + std::to_string((*first)->port()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::environment);
}

}  // namespace
}  // namespace tidemark::live
