#include "scenarios/shop/priority.h"

#include <gtest/gtest.h>

#include <set>

namespace tidemark::shop {
namespace {

using guard::Ask;
using guard::Priority;

TEST(Priority, HeaderSaysWhatItWasMadeOf) {
  for (const Priority priority : {Priority::core, Priority::normal, Priority::browse, Priority::shadow}) {
    for (const int cohort : {0, 1, 99, 127}) {
      for (const bool again : {false, true}) {
        const Ask ask{priority, static_cast<std::uint8_t>(cohort), again};
        const Ask read = parse_priority(priority_header(ask));
        EXPECT_EQ(read.priority, priority);
        EXPECT_EQ(read.cohort, cohort);
        EXPECT_EQ(read.under_way, again);
      }
    }
  }
  EXPECT_EQ(priority_header({Priority::core, 93, true}), "core;93;again");
}

TEST(Priority, BrokenHeadersWinNothing) {
  for (const char* wrong : {"", "core", "core;", ";5", "core;128", "core;256", "core;-1", "core;1x", "core;1;later",
                            "vip;1", "CORE;1", "core;1;again;again", " core;1", ";again"}) {
    const Ask ask = parse_priority(wrong);
    EXPECT_EQ(ask.priority, Priority::normal) << wrong;
    EXPECT_EQ(ask.cohort, 0) << wrong;
    EXPECT_FALSE(ask.under_way) << wrong;
  }
}

TEST(Priority, OfAFlowIsThatOfWhatItEarns) {
  EXPECT_EQ(priority_of_operation("buy"), Priority::core);
  EXPECT_EQ(priority_of_operation("charge"), Priority::core);
  EXPECT_EQ(priority_of_operation("browse"), Priority::browse);
  EXPECT_EQ(priority_of_operation("get"), Priority::normal);
}

TEST(Priority, AUserStaysInOneCohortAndUsersSpread) {
  const TraceContext one{1, 2, 3}, other{4, 5, 6};
  net::Request buy;
  buy.body = R"({"item":7, "user" : 42,"quantity":1})";
  const auto cohort = ask_at_edge(buy, "buy", one).cohort;
  EXPECT_EQ(ask_at_edge(buy, "buy", other).cohort, cohort) << "the trace does not matter";
  net::Request browse;
  browse.headers.set("x-user", "42");
  EXPECT_EQ(ask_at_edge(browse, "browse", other).cohort, cohort) << "nor the flow";
  std::set<int> seen;
  for (int user = 0; user < 2000; ++user) {
    browse.headers.set("x-user", std::to_string(user));
    const int each = ask_at_edge(browse, "browse", one).cohort;
    EXPECT_LT(each, 128);
    seen.insert(each);
  }
  EXPECT_EQ(seen.size(), 128U);
  for (const char* body : {"", "{", "\"user\"", R"({"user")", R"({"user":)", R"({"user":"x"})"}) {
    buy.body = body;
    EXPECT_LT(ask_at_edge(buy, "buy", one).cohort, 128) << body;
  }
}

}  // namespace
}  // namespace tidemark::shop
