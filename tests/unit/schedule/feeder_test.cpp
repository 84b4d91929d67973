// Feeders: their files, their limits, and that drawing is a function of seed and number.
#include "engine/schedule/feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

namespace tidemark::schedule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> cells(const FeederTable& table) {
  std::vector<std::string> all;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t column = 0; column < table.columns().size(); ++column) {
      all.emplace_back(table.value(row, column));
    }
  }
  return all;
}

TEST(FeederCsv, ReadsQuotesLineEndsAndBlankLines) {
  const auto table = FeederTable::parse_csv(
      "\xef\xbb\xbf"
      "a,b\r\n1,\"x,\"\"y\"\"\nz\"\r\n\n,2",
      "u.csv", {});
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_THAT(table->columns(), ElementsAre("a", "b"));
  EXPECT_THAT(cells(*table), ElementsAre("1", "x,\"y\"\nz", "", "2"));
  EXPECT_EQ(table->column("b"), 1U);
  EXPECT_FALSE(table->column("c"));
}

TEST(FeederJson, ReadsAListAndLines) {
  for (const std::string text :
       {"[{\"a\":1,\"b\":\"x\"},{\"b\":null,\"a\":[1,2]}]", "{\"a\":1,\"b\":\"x\"}\n\n{\"b\":null,\"a\":[1,2]}\n"}) {
    const auto table = FeederTable::parse_json(text, "u.json", {});
    ASSERT_TRUE(table) << table.error().message();
    EXPECT_THAT(cells(*table), ElementsAre("1", "x", "[1,2]", ""));
  }
}

TEST(FeederFiles, MalformedOnesNameTheLine) {
  const std::map<std::string, std::string> csv = {
      {"", "u.csv:1: is empty"},
      {"a,b\n", "u.csv:1: has no row"},
      {"a,b\n1,2\n1,2,3\n", "u.csv:3: 3 fields, but the first line names 2 columns"},
      {"a,b\n1,\"2\n\n", "u.csv:2: a quoted field without its closing quote"},
      {"a,b\n\"1\n\",2\n\"1\"x,2\n", "u.csv:4: text behind a closing quote"},
      {"a,b\n1,2\"\n", "u.csv:2: a quote inside a field"},
      {"a,a\n1,2\n", "u.csv:1: the column 'a' is named twice"},
      {"a b\n1\n", "u.csv:1: 'a b' cannot name a column"},
      {"1,2\n3,4\n", "u.csv:1: '1' cannot name a column"}};
  for (const auto& [text, expected] : csv) {
    const auto table = FeederTable::parse_csv(text, "u.csv", {});
    ASSERT_FALSE(table) << text;
    EXPECT_THAT(table.error().message(), HasSubstr(expected)) << text;
    EXPECT_EQ(table.error().code, ExitCode::usage);
  }
  const std::map<std::string, std::string> json = {
      {"", "u.json:1: has no row"},
      {"[]", "u.json:1: has no row"},
      {"[{\"a\":1},\n{\"a\":}]", "u.json:2: not JSON"},
      {"{\"a\":1}\n{\"a\"", "u.json:2: not JSON"},
      {"[{\"a\":1},[]]", "u.json: row 2: a row must be an object"},
      {"[{}]", "u.json: row 1: a row without columns"},
      {"{\"a\":1}\n{\"b\":1}", "u.json:2: a row without 'a'"},
      {"{\"mail\":1}\n{\"mail\":1,\"mial\":1}",
       "u.json:2: a row with 'mial', which the first one has not (did you mean"}};
  for (const auto& [text, expected] : json) {
    const auto table = FeederTable::parse_json(text, "u.json", {});
    ASSERT_FALSE(table) << text;
    EXPECT_THAT(table.error().message(), HasSubstr(expected)) << text;
  }
}

TEST(FeederFiles, AreBounded) {
  EXPECT_THAT(FeederTable::parse_csv("a\n1\n2\n3\n", "u.csv", {.rows = 2}).error().message(),
              HasSubstr("u.csv:4: more than 2 rows"));
  EXPECT_THAT(FeederTable::parse_csv("a,b\n1,2\n", "u.csv", {.columns = 1}).error().message(),
              HasSubstr("more than 1 columns"));
  const auto file = std::filesystem::path(testing::TempDir()) / "tidemark_feeder.csv";
  std::ofstream(file) << "a\n1\n";
  EXPECT_THAT(FeederTable::load({.name = "u", .file = file}, {.bytes = 3}).error().message(),
              HasSubstr("larger than 3 bytes"));
  EXPECT_TRUE(FeederTable::load({.name = "u", .file = file}));
  std::filesystem::remove(file);
  EXPECT_THAT(FeederTable::load({.name = "u", .file = file}).error().message(), HasSubstr("cannot be read"));
  EXPECT_FALSE(FeederTable::load({.name = "u", .file = "/dev/zero"})) << "no regular file: it has no end";
}

FeederTable rows(int count) {
  std::string text = "n\n";
  for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
  return *FeederTable::parse_csv(text, "n.csv", {});
}

TEST(FeederRows, SequentialAndUniqueTakeOneAfterTheOther) {
  const FeederTable table = rows(3);
  const Feeder repeat{.name = "n"};
  for (std::uint64_t i = 0; i < 7; ++i) EXPECT_EQ(table.row_for(repeat, 1, i), i % 3);
  const Feeder stop{.name = "n", .on_end = Feeder::OnEnd::stop};
  EXPECT_EQ(table.row_for(stop, 1, 2), 2U);
  EXPECT_EQ(table.row_for(stop, 1, 3), std::nullopt);
  const Feeder unique{.name = "n", .order = Feeder::Order::unique, .on_end = Feeder::OnEnd::stop};
  EXPECT_EQ(table.row_for(unique, 1, 2), 2U);
  EXPECT_EQ(table.row_for(unique, 1, 3), std::nullopt);
}

TEST(FeederRows, ShuffledIsAnotherPermutationEachPass) {
  const Feeder feeder{.name = "n", .order = Feeder::Order::shuffled};
  for (const int count : {1, 2, 3, 4, 5, 16, 17, 1000}) {
    const FeederTable table = rows(count);
    std::vector<std::vector<std::size_t>> passes;
    for (std::uint64_t pass = 0; pass < 2; ++pass) {
      std::set<std::size_t> seen;
      passes.emplace_back();
      for (int i = 0; i < count; ++i) {
        passes.back().push_back(
            *table.row_for(feeder, 5, pass * static_cast<std::uint64_t>(count) + static_cast<std::uint64_t>(i)));
        seen.insert(passes.back().back());
      }
      EXPECT_EQ(seen.size(), static_cast<std::size_t>(count)) << "each row once, of " << count;
      EXPECT_LT(*seen.rbegin(), static_cast<std::size_t>(count));
    }
    if (count >= 16) EXPECT_NE(passes[0], passes[1]);
  }
}

TEST(FeederRows, AreDecidedBySeedAndNumberAlone) {
  const FeederTable table = rows(1000);
  for (const auto order : {Feeder::Order::random, Feeder::Order::shuffled}) {
    const Feeder feeder{.name = "n", .order = order};
    int same = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      EXPECT_EQ(table.row_for(feeder, 9, i), table.row_for(feeder, 9, i));
      same += table.row_for(feeder, 9, i) == table.row_for(feeder, 10, i) ? 1 : 0;
    }
    EXPECT_LT(same, 20) << "another seed draws other rows";
  }
}

TEST(FeederRows, RandomIsUniform) {
  const FeederTable table = rows(10);
  const Feeder feeder{.name = "n", .order = Feeder::Order::random};
  std::vector<int> counts(10);
  for (std::uint64_t i = 0; i < 10'000; ++i) ++counts[*table.row_for(feeder, 3, i)];
  double chi = 0;
  for (const int count : counts) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi, 27.9) << "0.999 quantile of chi-squared with 9 degrees of freedom";
}

}  // namespace
}  // namespace tidemark::schedule
