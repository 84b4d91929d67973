// tidemark twin from the command line: a record like any other, which report and fit read, and the exit codes.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

const std::string kShop = TIDEMARK_SOURCE_DIR "/scenarios/library/shop.twin.yaml";
const std::string kSale = TIDEMARK_SOURCE_DIR "/scenarios/library/sale.yaml";

TEST(Twin, WritesARecordThatReportReadsAndSeedsRepeat) {
  TemporaryFolder folder;
  std::string summaries[2];
  for (int i = 0; i < 2; ++i) {
    const auto result = run_tidemark({"twin", kShop, "--scenario", kSale, "-e", "rate=150", "-e", "duration=10s",
                                      "--seed", "7", "--out", folder / ("run" + std::to_string(i)), "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    summaries[i] = result.output;
  }
  EXPECT_EQ(summaries[0], summaries[1]);
  const auto summary = nlohmann::json::parse(summaries[0]);
  EXPECT_NEAR(summary["flows"]["planned"].get<double>(), 1500, 150);
  EXPECT_EQ(summary["validity"], "valid");
  EXPECT_EQ(summary["nodes"]["product-1"]["service"], "product");
  for (const char* file : {"series.ndjson", "intervals.hlog", "watermarks.ndjson", "checksums.ndjson"}) {
    EXPECT_EQ(read_text(folder.path() / "run0" / file), read_text(folder.path() / "run1" / file)) << file;
  }
  const auto report = run_tidemark({"report", folder / "run0", "--out", folder / "report.html"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_GT(std::filesystem::file_size(folder / "report.html"), 100'000U);
}

TEST(Twin, ASimulatedCalibrationIsFitted) {
  TemporaryFolder folder;
  const std::string scenario = folder / "steps.yaml";
  std::ofstream(scenario) << "name: steps\nload:\n  stages:\n";
  std::ofstream out(scenario, std::ios::app);
  for (const int rate : {40, 80, 110, 130, 150, 165, 180}) out << "    - {rate: " << rate << ", duration: 40s}\n";
  out << "flows:\n  - {name: browse, weight: 85, steps: [{name: browse, get: /}]}\n"
         "  - {name: buy, weight: 15, steps: [{name: buy, post: /}]}\n";
  out.close();
  const auto run = run_tidemark(
      {"twin", kShop, "--scenario", scenario, "--kind", "calibration", "--out", folder / "run", "--quiet"});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto fit = run_tidemark({"fit", folder / "run", "--json"});
  ASSERT_EQ(fit.exit_code, 0) << fit.errors;
  const auto product = nlohmann::json::parse(fit.output)["services"]["product"];
  EXPECT_EQ(product["workers"], 4);
  EXPECT_NEAR(product["hold_s"]["value"].get<double>(), 0.0204, 0.001);
}

// Calibration, fit and a recorded run, all of them simulated from a system; then the run simulated again, from nothing
// but its fitted model.
TEST(Twin, LikeARecordedRunFromItsFittedModel) {
  TemporaryFolder folder;
  const std::string scenario = folder / "steps.yaml",
                    flows =
                        "flows:\n"
                        "  - {name: browse, weight: 85, steps: [{name: browse, get: /}]}\n"
                        "  - {name: buy, weight: 15, steps: [{name: buy, post: /}]}\n";
  std::ofstream(scenario) << "load:\n  stages:\n    - {rate: 40, duration: 40s}\n    - {rate: 80, duration: 40s}\n"
                             "    - {rate: 110, duration: 40s}\n    - {rate: 130, duration: 40s}\n"
                             "    - {rate: 150, duration: 40s}\n    - {rate: 165, duration: 40s}\n"
                             "    - {rate: 180, duration: 40s}\n"
                          << flows;
  const std::string steady = folder / "steady.yaml", run = folder / "run", model = folder / "model.json";
  std::ofstream(steady) << "timeout: 5s\nload: {stages: [{rate: 150, duration: 120s}]}\n" << flows;
  ASSERT_EQ(run_tidemark({"twin", kShop, "--scenario", scenario, "--kind", "calibration", "--out",
                          folder / "calibration", "--quiet"})
                .exit_code,
            0);
  ASSERT_EQ(run_tidemark({"twin", kShop, "--scenario", steady, "--seed", "9", "--out", run, "--quiet"}).exit_code, 0);
  ASSERT_EQ(run_tidemark({"fit", folder / "calibration", "--out", model}).exit_code, 0);
  const auto like = run_tidemark({"twin", "--like", run, "--model", model, "--json"});
  EXPECT_EQ(like.exit_code, 0) << like.output << like.errors;
  const auto json = nlohmann::json::parse(like.output);
  EXPECT_EQ(json["verdict"], "pass");
  ASSERT_EQ(json["steps"].size(), 2U);
  for (const auto& step : json["steps"]) {
    EXPECT_EQ(step["rate"]["difference"], 0) << "the arrivals are the run's own";
    EXPECT_GT(step["p99_us"]["live_high"], step["p99_us"]["live"]);
  }
  EXPECT_EQ(run_tidemark({"twin", "--like", run, "--calibration", folder / "calibration", "--json"}).output,
            like.output);
  const auto table = run_tidemark({"twin", "--like", run, "--model", model, "--replicas", "2"});
  EXPECT_NE(table.output.find("goodput /s"), std::string::npos) << table.output;
  EXPECT_NE(table.output.find("pass: 2 simulations of run "), std::string::npos) << table.output;
  EXPECT_EQ(run_tidemark({"twin", "--like", run}).exit_code, 7) << "one load is no calibration";
  EXPECT_EQ(run_tidemark({"twin", kShop, "--like", run, "--model", model}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"twin", "--model", model}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"twin"}).exit_code, 2);
}

TEST(Twin, WhatIsWrongIs2WithEveryPlace) {
  TemporaryFolder folder;
  const std::string file = folder / "bad.yaml";
  std::ofstream(file) << "schema: tidemark.twin/1\nservices: {a: {workres: 1, operations: {do: {time: 5}}}}\nflows: "
                         "{f: {steps: [{call: a.do}]}}\n";
  const auto bad = run_tidemark({"twin", file, "--rate", "10"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.errors.find("bad.yaml:2: services.a.workres: unknown key (did you mean 'workers'?)"), std::string::npos)
      << bad.errors;
  EXPECT_NE(bad.errors.find("services.a.operations.do.time"), std::string::npos) << bad.errors;
  EXPECT_EQ(run_tidemark({"twin", kShop}).exit_code, 2) << "no load";
  EXPECT_EQ(run_tidemark({"twin", kShop, "--rate", "10", "--duration", "soon"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"twin", kShop, "--rate", "10", "--scenario", kSale}).exit_code, 2) << "two loads";
  EXPECT_EQ(run_tidemark({"twin", folder / "absent.yaml", "--rate", "10"}).exit_code, 2);
}

}  // namespace
}  // namespace tidemark::test
