// The plan's limits.json is obeyed by the gateway: what is beyond it is refused with 429, and counted.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

TEST(Limits, GatewayAdmitsThePlannedRateAndRefusesTheRest) {
  TemporaryFolder folder;
  const std::string limits = folder / "limits.json";
  std::ofstream(limits) << R"({"schema": "tidemark.limits/1", "limits": {"gateway": {"rate": 40, "burst": 10}}})";
  const std::string stack = folder / "stack";
  const auto up = run_tidemark({"stack", "up", "--dir", stack, "--limits", limits, "--detach"}, 60);
  ASSERT_EQ(up.exit_code, 0) << up.errors;
  const auto run = run_tidemark({"run", TIDEMARK_SOURCE_DIR "/tests/e2e/fixtures/overload.yaml", "--stack", stack,
                                 "--out", folder / "run", "--json"});
  const auto down = run_tidemark({"stack", "down", "--dir", stack});
  EXPECT_EQ(down.exit_code, 0) << down.errors;

  const auto summary = nlohmann::json::parse(run.output);
  const auto& requests = summary["requests"];
  // 120 flows/s for 5 s: the bucket lets 40 x 5 + 10 through, whatever the machine does; a run that took longer lets a
  // few more.
  EXPECT_EQ(requests["started"], 600);
  EXPECT_GE(requests["ok"].get<int>(), 200);
  EXPECT_LE(requests["ok"].get<int>(), 260);
  EXPECT_EQ(requests["ok"].get<int>() + requests["failed"].get<int>(), 600);
  EXPECT_TRUE(summary["leaks"].empty());
}

}  // namespace
}  // namespace tidemark::test
