// tidemark new and tidemark validate, as a user calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

using testing::HasSubstr;

class NewAndValidate : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(NewAndValidate, EveryTemplateIsWrittenAndValid) {
  std::istringstream list(run_tidemark({"new", "--list"}).output);
  int count = 0;
  for (std::string line; std::getline(list, line); ++count) {
    const std::string name = line.substr(0, line.find(' '));
    const std::string file = folder_ / (name + ".yaml");
    EXPECT_EQ(run_tidemark({"new", name, "--out", file}).exit_code, 0) << name;
    const auto checked = run_tidemark({"validate", file});
    EXPECT_EQ(checked.exit_code, 0) << checked.errors;
    EXPECT_THAT(checked.output, HasSubstr("a valid scenario")) << name;
  }
  EXPECT_GE(count, 6);
}

TEST_F(NewAndValidate, AFileThatIsThereIsNotWrittenOver) {
  const std::string file = folder_ / "mine.yaml";
  std::ofstream(file) << "mine";
  const auto result = run_tidemark({"new", "get", "--out", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("is there already"));
  EXPECT_EQ(read_text(file), "mine");
}

TEST_F(NewAndValidate, AMisspeltTemplateGetsItsNearestWord) {
  const auto result = run_tidemark({"new", "spkie"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("did you mean 'spike'?"));
}

TEST_F(NewAndValidate, TheOutlineCountsWhatARunWouldBe) {
  const std::string file = folder_ / "s.yaml";
  std::ofstream(file) << "load: {arrivals: even, rate: \"${rate}\", duration: 10s}\n"
                         "flows: [{name: a, steps: [{get: /, repeat: 3, headers: {k: \"${env:NO_SUCH_SECRET}\"}}]}]\n";
  const auto result = run_tidemark({"validate", file, "-e", "rate=20", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["expected_flows"], 200);
  EXPECT_EQ(json["peak_rate"], 20);
  EXPECT_EQ(json["expected_requests"], nlohmann::json({600, 600}));
  EXPECT_EQ(json["unset_secrets"], nlohmann::json({"NO_SUCH_SECRET"}));
  EXPECT_EQ(json["duration_s"], 10);
}

TEST_F(NewAndValidate, EveryProblemOfTheScenarioAndItsFilesIs2) {
  const std::string file = folder_ / "s.yaml";
  std::ofstream(file) << "laod: {}\nflows: [{name: a, steps: [{gte: /}]}]\n";
  const auto parsed = run_tidemark({"validate", file, "--json"});
  EXPECT_EQ(parsed.exit_code, 2);
  EXPECT_GE(nlohmann::json::parse(parsed.output)["problems"].size(), 3U);

  std::ofstream(folder_ / "users.csv") << "mail\na@b\n\"c\n";
  std::ofstream(file) << "load: {rate: 1, duration: 1s}\nfeeders: {users: {file: users.csv}, more: {file: no.csv}}\n"
                         "flows: [{name: a, steps: [{get: /}]}]\n";
  const auto files = run_tidemark({"validate", file});
  EXPECT_EQ(files.exit_code, 2);
  EXPECT_THAT(files.errors, HasSubstr("users.csv:3: a quoted field without its closing quote"));
  EXPECT_THAT(files.errors, HasSubstr("no.csv: feeder 'more' cannot be read"));
}

}  // namespace
}  // namespace tidemark::test
