#include "engine/schedule/text_table.h"

#include <gtest/gtest.h>

namespace tidemark::schedule {
namespace {

TEST(TextTable, GivesBackEveryTextAlsoAcrossItsBlocks) {
  TextTable table;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 5000; ++i) texts.push_back(std::to_string(i) + std::string(i * 37 % 2000, 'x'));
  texts.emplace_back();
  texts.emplace_back(TextTable::kLongest, 'y');
  texts.emplace_back(TextTable::kLongest, 'z');
  for (const auto& text : texts) table.push_back(text);
  ASSERT_EQ(table.size(), texts.size());
  EXPECT_EQ(table.texts(), texts);
  const TextTable copy = table;
  EXPECT_EQ(copy.texts(), texts);
}

TEST(TextTable, TakesAnotherOrder) {
  TextTable table{"a", "bb", "ccc"};
  table.reorder({2, 0, 1});
  EXPECT_EQ(table.texts(), (std::vector<std::string>{"ccc", "a", "bb"}));
  EXPECT_EQ(table[1], "a");
}

}  // namespace
}  // namespace tidemark::schedule
