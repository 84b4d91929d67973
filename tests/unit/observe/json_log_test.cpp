#include "engine/observe/json_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tidemark::observe {
namespace {

TEST(JsonLog, WritesOneObjectALineInOrder) {
  const auto file = std::filesystem::temp_directory_path() / ("json_log_test." + std::to_string(getpid()));
  {
    auto log = JsonLog::open(file, "product", "product-1");
    ASSERT_TRUE(log) << log.error().message();
    for (int i = 0; i < 100; ++i)
      (*log)->write("warning", "trace" + std::to_string(i), "line \"quoted\"\n", {{"i", std::to_string(i)}});
    (*log)->write("info", "", std::string("not UTF-8: \xff"));
    EXPECT_EQ((*log)->dropped(), 0U);
  }
  std::ifstream lines(file);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["service"], "product");
    EXPECT_EQ(json["node"], "product-1");
    EXPECT_EQ(json["time"].get<std::string>().size(), std::string("2026-01-02T03:04:05.678Z").size());
    if (count == 100) break;
    EXPECT_EQ(json["level"], "warning");
    EXPECT_EQ(json["trace_id"], "trace" + std::to_string(count));
    EXPECT_EQ(json["i"], std::to_string(count));
  }
  EXPECT_EQ(count, 100);
  std::filesystem::remove(file);
}

TEST(JsonLog, ReportsAFileThatCannotBeOpened) {
  const auto log = JsonLog::open("/proc/no/such/file", "product", "product-1");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ExitCode::environment);
  EXPECT_EQ(log.error().place, "/proc/no/such/file");
}

}  // namespace
}  // namespace tidemark::observe
