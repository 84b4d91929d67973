// Conditions of `if` and `while`: grammar, truth, malformed ones.
#include "engine/schedule/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/schedule/template_parser.h"

namespace tidemark::schedule {
namespace {

using testing::HasSubstr;

const FindParameter kParameters = [](const std::string& name) -> std::optional<std::string> {
  return name == "limit" ? std::optional<std::string>("10") : std::nullopt;
};

Condition parsed(const std::string& text) {
  Condition result;
  const auto wrong = parse_condition(text, kParameters, result);
  EXPECT_FALSE(wrong) << text << ": " << wrong->what;
  return result;
}

bool truth(const std::string& text) {
  static const std::map<std::string, std::string> values = {
      {"state", "done"}, {"n", "9"}, {"empty", ""}, {"body", "order 17 ok"}};
  const RenderText render = [](const Template& source) {
    std::string result;
    for (const auto& piece : source.pieces) result += piece.is_literal() ? piece.literal : values.at(piece.variable);
    return result;
  };
  const Condition once = parsed(text);
  const Condition again = parsed(source_of(once));
  EXPECT_EQ(source_of(again), source_of(once)) << text;
  EXPECT_EQ(holds(again, render), holds(once, render)) << text;
  return holds(once, render);
}

TEST(Condition, ComparesNumbersAsNumbersAndTextAsBytes) {
  EXPECT_TRUE(truth("${state} == 'done'"));
  EXPECT_TRUE(truth("state == \"done\"")) << "a bare name is a variable, as in arguments";
  EXPECT_FALSE(truth("state != 'done'"));
  EXPECT_TRUE(truth("n < 10")) << "as text '9' is above '10'";
  EXPECT_TRUE(truth("n < limit"));
  EXPECT_TRUE(truth("n == 9.0"));
  EXPECT_FALSE(truth("n > 9"));
  EXPECT_TRUE(truth("n >= 9 and n <= 9"));
  EXPECT_TRUE(truth("state > 'abc'"));
  EXPECT_TRUE(truth("'x-${n}' == 'x-9'"));
  EXPECT_FALSE(truth("state == true"));
}

TEST(Condition, LooksIntoText) {
  EXPECT_TRUE(truth("body contains '17'"));
  EXPECT_FALSE(truth("body contains 18"));
  EXPECT_TRUE(truth("body matches '^order [0-9]+'"));
  EXPECT_FALSE(truth("body matches '^ok$$'"));
  EXPECT_TRUE(truth("state exists"));
  EXPECT_FALSE(truth("empty exists"));
}

TEST(Condition, JoinsWithTheUsualPrecedence) {
  EXPECT_TRUE(truth("n == 9 or n == 8 and state == 'x'"));
  EXPECT_FALSE(truth("(n == 9 or n == 8) and state == 'x'"));
  EXPECT_TRUE(truth("not empty exists"));
  EXPECT_TRUE(truth("not (n == 8) and not not state exists"));
  EXPECT_FALSE(truth("not n == 9 and state exists"));
}

TEST(Condition, MalformedOnesSayWhatIsWrong) {
  const auto problem = [](const std::string& text) {
    Condition result;
    const auto wrong = parse_condition(text, kParameters, result);
    return wrong ? wrong->what : std::string("none");
  };
  const std::map<std::string, std::string> table = {{"", "a ${hole} is missing"},
                                                    {"state", "a condition compares"},
                                                    {"state = 'x'", "a condition compares"},
                                                    {"state ==", "a ${hole} is missing"},
                                                    {"state == 'x' and", "a ${hole} is missing"},
                                                    {"(state == 'x'", "a '(' without its ')'"},
                                                    {"state == 'x')", "')' is left over"},
                                                    {"state == 'x' n == 9", "'n == 9' is left over"},
                                                    {"state matches '('", "not a regular expression"},
                                                    {"state matches '${n}'", "needs a pattern without holes"},
                                                    {"state == 'x", "without its closing quote"},
                                                    {"state == uid()", "'uid' is not a function"},
                                                    {std::string(40, '(') + "n == 1", "nested more than 16 deep"},
                                                    {std::string(5000, ' '), "more than 4096 bytes"}};
  for (const auto& [text, expected] : table) EXPECT_THAT(problem(text), HasSubstr(expected)) << text;
}

}  // namespace
}  // namespace tidemark::schedule
