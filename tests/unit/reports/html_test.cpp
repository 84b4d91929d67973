#include "reports/html.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/reports/sample_report.h"

namespace tidemark::report {
namespace {

TEST(Text, EscapesWhatCouldEndAnElementOrAnAttribute) {
  EXPECT_EQ(text("<b a=\"1\" c='2'>&amp;</b>").html(), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
}

TEST(Text, KeepsWellFormedUtf8AndReplacesTheRest) {
  struct Case {
    const char* what;
    std::string in, out;
  };
  const std::string replacement = "\xEF\xBF\xBD";
  const Case cases[] = {
      {"two bytes", "\xC3\xA9", "\xC3\xA9"},
      {"three bytes", "\xE4\xB8\xAD", "\xE4\xB8\xAD"},
      {"four bytes", "\xF0\x9F\x9A\x80", "\xF0\x9F\x9A\x80"},
      {"lone continuation", "a\x80z", "a" + replacement + "z"},
      {"cut short at the end", "a\xE4\xB8", "a" + replacement + replacement},
      {"cut short by a tag", "\xC3<", replacement + "&lt;"},
      {"overlong slash", "\xC0\xAF", replacement + replacement},
      {"overlong in three", "\xE0\x80\xBC", replacement + replacement + replacement},
      {"surrogate", "\xED\xA0\x80", replacement + replacement + replacement},
      {"beyond Unicode", "\xF4\x90\x80\x80", replacement + replacement + replacement + replacement},
      {"zero byte", std::string("a\0b", 3), "a" + replacement + "b"},
      {"carriage return", "a\rb", "a&#13;b"},
      {"line feed and tab", "a\n\tb", "a\n\tb"},
  };
  for (const Case& c : cases) EXPECT_EQ(text(c.in).html(), c.out) << c.what;
}

TEST(Text, LeavesNoMarkupOfSixtyHostileStrings) {
  for (const std::string& hostile : sample::hostile_strings()) {
    const std::string html = text(hostile).html();
    EXPECT_EQ(html.find_first_of("<>\"'"), std::string::npos) << hostile;
  }
  EXPECT_EQ(sample::hostile_strings().size(), 60u);
}

TEST(ScriptSafe, WritesNothingThatEndsAScriptElement) {
  for (const std::string& hostile : sample::hostile_strings()) {
    const std::string json = script_safe(nlohmann::json(hostile).dump());
    EXPECT_EQ(json.find_first_of("<>&"), std::string::npos) << hostile;
    EXPECT_EQ(json.find("\xE2\x80\xA8"), std::string::npos);
    EXPECT_EQ(json.find("\xE2\x80\xA9"), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), hostile);
  }
}

TEST(Table, HasScopesAndACaption) {
  Table table("Numbers", {{"Step"}, {"p99", true}});
  EXPECT_TRUE(table.empty());
  table.row({text("browse"), text("71.2")});
  const std::string html = table.markup("Numbers by step").html();
  EXPECT_FALSE(table.empty());
  for (const char* part :
       {"<caption>Numbers</caption>", "<th scope=\"col\">Step</th>", "<th scope=\"col\" class=\"num\">p99</th>",
        "<th scope=\"row\">browse</th>", "<td class=\"num\">71.2</td>", "aria-label=\"Numbers by step\""}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace tidemark::report
