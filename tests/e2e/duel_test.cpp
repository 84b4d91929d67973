// tidemark duel as a user runs it: a table or JSON, and what is wrong with the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

using testing::HasSubstr;

const std::string kChain = TIDEMARK_SOURCE_DIR "/scenarios/library/duel-chain.twin.yaml";

std::vector<std::string> short_duel(std::initializer_list<std::string> more) {
  std::vector<std::string> arguments = {"duel", kChain,       "--seeds", "2",      "--tune",
                                        "2",    "--overload", "1s",      "--calm", "2s"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

TEST(DuelCommand, PrintsATableOfEachLoad) {
  const auto result = run_tidemark(short_duel({"--limiters", R"(tide,{"kind":"vegas","max":100})"}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("chain: capacity 1600 a second, 2 seeds, 2 settings tried for each"));
  EXPECT_THAT(result.output, HasSubstr("\nat 2x, share of the best possible"));
  EXPECT_THAT(result.output, HasSubstr("\nat 10x, share of the best possible"));
  EXPECT_THAT(result.output, HasSubstr("refused, 2s at 70 %"));
  EXPECT_THAT(result.errors, HasSubstr("chain: tide\n"));
}

TEST(DuelCommand, WritesTheSameJsonTwice) {
  const TemporaryFolder folder;
  const auto first =
      run_tidemark(short_duel({"--limiters", "tide,fixed", "--json", "--quiet", "--out", folder / "duel.json"}));
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(first.errors, "");
  EXPECT_EQ(run_tidemark(short_duel({"--limiters", "tide,fixed", "--json", "--quiet"})).output, first.output);
  const auto json = nlohmann::json::parse(read_text(folder / "duel.json"));
  EXPECT_EQ(json, nlohmann::json::parse(first.output));
  EXPECT_EQ(json["schema"], "tidemark-duel/1");
  EXPECT_EQ(json["contenders"][0]["name"], "tide");
  EXPECT_GT(json["contenders"][0]["overloads"][0]["share_of_optimum"]["mean"], 0.9);
}

TEST(DuelCommand, SaysWhatIsWrong) {
  const struct {
    std::vector<std::string> arguments;
    const char* says;
  } cases[] = {
      {{"--limiters", "tide,vegsa"}, "'vegsa' is none of none, fixed"},
      {{"--limiters", "tide,vegsa"}, "(did you mean 'vegas'?)"},
      {{"--limiters", R"({"kind":"tide","settel":"5ms"})"}, "(did you mean 'settle'?)"},
      {{"--limiters", "{tide"}, "is not JSON"},
      {{"--overload", "1ms"}, "--overload: must be a time from 50ms to 24h"},
      {{"--in", "space"}, "'space' is none of twin"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> arguments = {"duel", kChain};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    const auto result = run_tidemark(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr(c.says));
  }
  EXPECT_EQ(run_tidemark({"duel", "nowhere.yaml"}).exit_code, 2);
}

}  // namespace
}  // namespace tidemark::test
