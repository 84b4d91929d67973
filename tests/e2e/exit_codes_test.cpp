// The table of exit codes (engine/core/error.h, README), held true by running the binary.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

class ExitCodes : public testing::Test {
 protected:
  std::string scenario(const std::string& thresholds) {
    const std::string file = folder_ / "scenario.yaml";
    std::ofstream(file) << "name: gate\n"
                           "load: {arrivals: even, stages: [{rate: 100, duration: 2s}]}\n"
                           "flows: [{name: get, steps: [{name: get, get: /}]}]\n"
                           "thresholds: [\""
                        << thresholds << "\"]\n";
    return file;
  }

  TemporaryFolder folder_;
  LocalServer server_;
};

TEST_F(ExitCodes, HelpAndVersionAre0) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"--version"}, {"run", "--help"}, {"stack", "--help"}, {"demo", "--help"}, {"plan", "--help"}}) {
    EXPECT_EQ(run_tidemark(arguments).exit_code, 0) << arguments.front();
  }
}

TEST_F(ExitCodes, EveryCommandsHelpShowsAnExample) {
  for (const std::string command : {"demo", "stack", "new", "validate", "run", "search", "fit", "plan", "verify",
                                    "report", "audit", "ctl", "twin", "fault", "guard"}) {
    const auto help = run_tidemark({command, "--help"});
    EXPECT_NE(help.output.find("tidemark " + command), std::string::npos) << command << " shows no example";
  }
}

TEST_F(ExitCodes, UsageIs2NeverCli11sOwnCode) {
  EXPECT_EQ(run_tidemark({}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"no-such-command"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"run", "--no-such-option"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"run", "--target", server_.url(), "--rate", "many"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"run", folder_ / "absent.yaml"}).exit_code, 2);
}

TEST_F(ExitCodes, ConfigurationErrorsNameFileLineAndField) {
  const std::string file = folder_ / "bad.yaml";
  std::ofstream(file) << "name: bad\nflowz: []\n";
  const auto result = run_tidemark({"run", file, "--target", server_.url()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.errors.find("bad.yaml:2"), std::string::npos) << result.errors;
  EXPECT_NE(result.errors.find("flows"), std::string::npos) << result.errors;
}

TEST_F(ExitCodes, PassIs0) {
  const auto result = run_tidemark(
      {"run", scenario("failed_ratio < 0.5"), "--target", server_.url(), "--out", folder_ / "run", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const auto summary = nlohmann::json::parse(result.output);
  EXPECT_EQ(summary["flows"]["planned"], 200);
  EXPECT_EQ(summary["flows"]["completed"], 200);
}

TEST_F(ExitCodes, RefusedTargetIs3) {
  EXPECT_EQ(run_tidemark(
                {"run", "--target", "http://192.0.2.1/", "--rate", "1", "--duration", "1s", "--out", folder_ / "run"})
                .exit_code,
            3);
}

TEST_F(ExitCodes, EnvironmentIs4) {
  EXPECT_EQ(run_tidemark({"audit", "--stack", folder_ / "no-stack"}).exit_code, 4);
}

TEST_F(ExitCodes, GateFailedIs99) {
  EXPECT_EQ(run_tidemark({"run", scenario("failed_ratio > 0.5"), "--target", server_.url(), "--out", folder_ / "run"})
                .exit_code,
            99);
}

TEST_F(ExitCodes, StoppedByAThresholdIs99AlsoWhereNothingElseWouldBe) {
  const auto result = run_tidemark({"run", "--target", server_.url("/error"), "--rate", "50", "--duration", "30s",
                                    "--out", folder_ / "run", "--json", "--threshold", "errors < 20 abort for 1"});
  EXPECT_EQ(result.exit_code, 99) << result.errors;
  EXPECT_EQ(nlohmann::json::parse(result.output)["stopped_by"], "errors < 20");
  EXPECT_EQ(run_tidemark({"run", "--target", server_.url(), "--rate", "5", "--threshold", "errs < 20"}).exit_code, 2);
  EXPECT_EQ(
      run_tidemark({"run", "--target", server_.url(), "--rate", "5", "--threshold", "errors{nowhere} < 20"}).exit_code,
      2);
  EXPECT_EQ(
      run_tidemark({"run", "--target", server_.url(), "--rate", "5", "--threshold", "node{store}.busy < 1"}).exit_code,
      2);
}

TEST_F(ExitCodes, TheDocumentedTableIsTheOneInForce) {
  const std::string docs = read_text(TIDEMARK_SOURCE_DIR "/docs/run-directory.md");
  const std::string table = docs.substr(docs.find("## Exit codes"));
  for (const ExitCode code :
       {ExitCode::pass, ExitCode::internal, ExitCode::usage, ExitCode::refused_target, ExitCode::environment,
        ExitCode::partial_record, ExitCode::invalid_measurement, ExitCode::undecided, ExitCode::gate_failed}) {
    EXPECT_NE(table.find("\n| " + std::to_string(static_cast<int>(code)) + " |"), std::string::npos)
        << static_cast<int>(code);
  }
  EXPECT_NE(table.find("| 130, 143 |"), std::string::npos);
}

TEST_F(ExitCodes, GeneratorLimitedIs6) {
  const auto result = run_tidemark({"run", "--target", server_.url(), "--rate", "900000", "--duration", "4s",
                                    "--connections", "50", "--timeout", "2s", "--out", folder_ / "run", "--json"});
  EXPECT_EQ(result.exit_code, 6) << result.errors;
  EXPECT_EQ(nlohmann::json::parse(result.output)["validity"], "generator-limited");
  const auto fit = run_tidemark({"fit", folder_ / "run"});
  EXPECT_NE(fit.exit_code, 0) << "promise 28: never a capacity number";
  EXPECT_NE(fit.errors.find("generator-limited"), std::string::npos) << fit.errors;
}

TEST_F(ExitCodes, TooFewLoadsAre7) {
  const auto run =
      run_tidemark({"run", "--target", server_.url(), "--rate", "50", "--duration", "2s", "--out", folder_ / "run"});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_EQ(run_tidemark({"fit", folder_ / "run"}).exit_code, 7);
}

TEST_F(ExitCodes, SignalsAre130And143AndTheRecordIsWhole) {
  for (const auto& [number, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    const std::string run = folder_ / ("run" + std::to_string(number));
    BackgroundCommand command(
        {TIDEMARK_BINARY, "run", "--target", server_.url(), "--rate", "100", "--duration", "60s", "--out", run});
    while (!std::filesystem::exists(run + "/checksums.ndjson")) ASSERT_EQ(kill(command.pid(), 0), 0);
    command.signal(number);
    EXPECT_EQ(command.wait(20).exit_code, code);
    const auto summary = nlohmann::json::parse(read_text(run + "/summary.json"));
    EXPECT_NE(summary["stop_reason"], "");
    const auto& flows = summary["flows"];
    EXPECT_EQ(flows["planned"], flows["completed"].get<int>() + flows["aborted"].get<int>() +
                                    flows["dropped"].get<int>() + flows["in_flight"].get<int>());
  }
}

TEST_F(ExitCodes, KilledRunYieldsAPartialReportAnd5) {
  const std::string run = folder_ / "killed";
  BackgroundCommand command(
      {TIDEMARK_BINARY, "run", "--target", server_.url(), "--rate", "100", "--duration", "60s", "--out", run});
  while (read_text(run + "/checksums.ndjson").size() < 2000) ASSERT_EQ(kill(command.pid(), 0), 0);
  command.signal(SIGKILL);
  command.wait(10);
  const auto report = run_tidemark({"report", run, "--out", folder_ / "report.html"});
  EXPECT_EQ(report.exit_code, 5) << report.errors;
  EXPECT_NE(read_text(folder_ / "report.html").find("PARTIAL"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::test
