#include "engine/observe/node_metrics.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace tidemark::observe {
namespace {

WatermarkSample sample() {
  WatermarkSample sample;
  sample.node = "product-2";
  sample.service = "product";
  sample.cpu_seconds = 1.5;
  sample.busy_seconds = 12.25;
  sample.arrived = 100;
  sample.completed = 90;
  sample.workers = 4;
  sample.operation_busy_seconds = {{"get", 12.25}};
  sample.operation_completed = {{"get", 90}};
  sample.flow_requests = {{"browse", 60}, {"live", 40}};
  sample.extra = {{"cache_hits", 7}, {"limit_rate_now", 450}, {"odd name!", 1}};
  return sample;
}

TEST(NodeMetrics, CountersEndInTotalAndCarryServiceAndNode) {
  const std::string text = prometheus_text(sample());
  for (const char* line : {"# TYPE tidemark_busy_seconds_total counter",
                           "tidemark_cpu_seconds_total{service=\"product\",node=\"product-2\"} 1.5",
                           "tidemark_pool_workers{service=\"product\",node=\"product-2\"} 4",
                           "tidemark_flow_requests_total{service=\"product\",node=\"product-2\",flow=\"browse\"} 60",
                           "tidemark_cache_hits_total{service=\"product\",node=\"product-2\"} 7",
                           "# TYPE tidemark_limit_rate gauge", "tidemark_odd_name__total"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST(NodeMetrics, PassPromtool) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "skipped: promtool is not installed";
  FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = prometheus_text(sample());
  std::fwrite(text.data(), 1, text.size(), promtool);
  EXPECT_EQ(pclose(promtool), 0) << text;
}

}  // namespace
}  // namespace tidemark::observe
