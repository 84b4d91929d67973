// A real traffic curve as the load: what the file says is what is planned, and what is planned is what is sent.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

TEST(Shape, TheWorldCupCurveIsSentAsPlanned) {
  const std::string curve = TIDEMARK_SHARED_DATA "/traffic/worldcup98/worldcup98_minute.csv";
  if (!std::filesystem::exists(curve)) GTEST_SKIP() << "skipped: no ../shared/data";
  TemporaryFolder folder;
  LocalServer server;
  const std::string file = folder / "worldcup.yaml";
  std::ofstream(file) << "name: worldcup\nload: {arrivals: poisson, shape: {file: \"" << curve
                      << "\", duration: 10s, mean: 500}}\nflows: [{name: get, steps: [{name: get, get: /}]}]\n";
  const auto result = run_tidemark({"run", file, "--target", server.url(), "--out", folder / "run", "--json"});
  ASSERT_FALSE(result.output.empty()) << result.errors;
  const auto summary = nlohmann::json::parse(result.output);
  // The mean is a scale, so the integral of the scaled curve is mean x duration.
  EXPECT_NEAR(summary["flows"]["planned"].get<double>(), 5000, 1);
  if (summary["validity"] == "valid") EXPECT_EQ(summary["requests"]["started"], summary["flows"]["planned"]);
  const auto& flows = summary["flows"];
  EXPECT_EQ(flows["planned"].get<int>(), flows["completed"].get<int>() + flows["aborted"].get<int>() +
                                             flows["dropped"].get<int>() + flows["in_flight"].get<int>());
}

TEST(Shape, WhatWasRepairedInARecordingIsSaid) {
  TemporaryFolder folder;
  LocalServer server;
  std::ofstream(folder / "starts.csv") << "0.01\n0.03\n0.02\n";
  std::ofstream(folder / "starts.yaml") << "name: starts\nload: {offsets: " << folder / "starts.csv"
                                        << "}\nflows: [{name: get, steps: [{name: get, get: /}]}]\n";
  const auto result =
      run_tidemark({"run", folder / "starts.yaml", "--target", server.url(), "--out", folder / "run", "--json"});
  ASSERT_FALSE(result.output.empty()) << result.errors;
  const auto summary = nlohmann::json::parse(result.output);
  EXPECT_EQ(summary["flows"]["completed"], 3);
  ASSERT_EQ(summary["notes"].size(), 1U) << summary["notes"];
  EXPECT_EQ(summary["notes"][0], "1 offsets stood after a later one: sorted");
}

}  // namespace
}  // namespace tidemark::test
