// What a person sees, held to golden text; the real terminal is in tests/e2e/live_test.cpp.
#include "engine/live/terminal_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/live/terminal_output.h"
#include "engine/live/text_line.h"
#include "tests/unit/live/sample_progress.h"

namespace tidemark::live {
namespace {

using test::sample_progress;
using testing::ElementsAre;

ViewState state() {
  ViewState state;
  for (const double rate : {0.0, 85.0, 170.0}) {
    Progress progress = sample_progress();
    progress.achieved_rate = rate;
    state.add(progress);
  }
  return state;
}

TEST(TerminalView, AFrameOf80Columns) {
  EXPECT_THAT(frame(state(), {.columns = 80, .rows = 24}, false),
              ElementsAre("sale 37/60 s ━━━━━━━━━━━━━━━━━━━━━━━━─────────────── 23 s left",
                          "rate      offered 171.0/s  answered 170.0/s  ▁▅█",
                          "ms               p50       p90       p95       p99     p99.9       max",
                          "response       32.10     48.15     64.20     80.25     96.30     128.4",
                          "service        32.00     48.00     64.00     80.00     96.00     128.0",
                          "lag             0.06      0.09      0.12      0.15      0.18      0.24",
                          "requests  3 in flight  1700 ok  1 failed  1 timed out  12 connections",
                          "generator core 12%  late sends 0.6%, worst 1.25 ms  stolen by the host 2%",
                          "errors    2 x status 500", "          2 x timed out",
                          "node                         cpu    busy   queue  refused",
                          "product-1                     5%     93%       7        0",
                          "gateway-1                    21%      1%       0        0",
                          "step                             per s   failed    p50 ms    p99 ms  in flight",
                          "browse                           145.0        2     33.00     82.50          3",
                          "buy                               25.0        2     20.00     50.00          3"));
}

TEST(TerminalView, ANarrowAndLowTerminalShowsLess) {
  const auto lines = frame(state(), {.columns = 40, .rows = 10}, false);
  EXPECT_THAT(lines, ElementsAre("sale 37/60 s 23 s left", "rate      offered 171.0/s  answered 17…",
                                 "ms              p50      p99      max", "response      32.10    80.25    128.4",
                                 "service       32.00    80.00    128.0", "lag            0.06     0.15     0.24",
                                 "requests  3 in flight  1700 ok  1 fail…", "generator core 12%  late sends 0.6%, w…",
                                 "errors    2 x status 500"));
}

TEST(TerminalView, NoLineIsWiderThanTheTerminalAndNoFrameHigherAtAnySize) {
  for (int columns = 1; columns <= 200; ++columns) {
    for (const int rows : {1, 2, 5, 9, 10, 11, 12, 24, 60}) {
      const auto lines = frame(state(), {.columns = columns, .rows = rows}, true, "a note");
      EXPECT_LE(lines.size(), static_cast<std::size_t>(std::max(1, rows - 1)));
      for (const auto& line : lines) EXPECT_LE(columns_of_coloured(line), std::max(1, columns - 1)) << line;
    }
  }
}

TEST(TerminalView, WithoutColourNotOneEscapeIsWritten) {
  for (const auto& line : frame(state(), {}, false)) EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(TerminalView, WhatIsWrongIsRed) {
  const auto lines = frame(state(), {}, true);
  const auto red = [](const std::string& text) { return "\x1b[31;1m" + text + "\x1b[0m"; };
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr(red("1 failed  1 timed out"))));
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr(red("      5%     93%"))));
}

TEST(TerminalView, NamesFromOutsideCannotDriveTheTerminal) {
  ViewState hostile;
  Progress progress = sample_progress();
  progress.title = "\x1b]0;owned\x07\x1b[2J";
  progress.steps[0].step = "a\nb\tc\r\xff\xc3";
  progress.errors = {{"\x1b[31mred\u202e", 1}};
  hostile.add(progress);
  for (const auto& line : frame(hostile, {}, false)) {
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << line;
    EXPECT_EQ(line.find("\u202e"), std::string::npos);
  }
}

TEST(TerminalView, AnotherRunStartsTheHistoryAfresh) {
  ViewState two = state();
  EXPECT_EQ(two.rates().size(), 3U);
  Progress other = sample_progress();
  other.run_id = "other";
  two.add(other);
  EXPECT_EQ(two.rates().size(), 1U);
}

TEST(TerminalView, APlainLine) {
  EXPECT_EQ(
      plain_line(sample_progress()),
      "  37/60 s  offered 171/s  answered 170/s  p50 32.10 ms  p99 80.25 ms  lag p99 0.15 ms  in flight 3  failed 2");
}

TEST(TextLine, ColumnsOfWideCombiningAndBrokenText) {
  EXPECT_EQ(columns_of("browse"), 6);
  EXPECT_EQ(columns_of("商品"), 4);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("\xff\xfe"), 2);
  EXPECT_EQ(fit("商品名", 5), "商品…");
  EXPECT_EQ(fit("商品名", 4), "商…");
  EXPECT_EQ(fit("browse", 6), "browse");
  EXPECT_EQ(fit("browse", 1), "…");
  EXPECT_EQ(fit("browse", 0), "");
  EXPECT_EQ(pad("ab", 4), "ab  ");
}

TEST(TextLine, SparklineShowsTheLatestValuesAgainstTheLargest) {
  EXPECT_EQ(sparkline({0, 50, 100}, 10), "▁▅█");
  EXPECT_EQ(sparkline({100, 0, 50, 100}, 2), "▅█");
  EXPECT_EQ(sparkline({0, 0}, 5), "▁▁");
  EXPECT_EQ(sparkline({}, 5), "");
  EXPECT_EQ(sparkline({1, 2}, -3), "");
}

TEST(TerminalView, RowsTakenAfterTheWindowShrank) {
  EXPECT_EQ(rows_taken({79, 40, 0}, 80), 3);
  EXPECT_EQ(rows_taken({79, 40, 0}, 40), 4);
  EXPECT_EQ(rows_taken({79, 41, 0}, 20), 8);
}

TEST(TerminalOutput, AutomaticIsLiveOnlyOnATerminalOutsideOfCi) {
  const auto automatic = [](bool terminal, const char* ci, const char* term) {
    return resolve(ProgressMode::automatic, terminal, ci, term);
  };
  EXPECT_EQ(automatic(true, nullptr, "xterm"), ProgressMode::live);
  EXPECT_EQ(automatic(true, "false", "xterm"), ProgressMode::live);
  EXPECT_EQ(automatic(true, "true", "xterm"), ProgressMode::plain);
  EXPECT_EQ(automatic(true, nullptr, "dumb"), ProgressMode::plain);
  EXPECT_EQ(automatic(true, nullptr, nullptr), ProgressMode::plain);
  EXPECT_EQ(automatic(false, nullptr, "xterm"), ProgressMode::plain);
  EXPECT_EQ(resolve(ProgressMode::live, false, "true", nullptr), ProgressMode::live);
  EXPECT_EQ(resolve(ProgressMode::none, true, nullptr, "xterm"), ProgressMode::none);
}

}  // namespace
}  // namespace tidemark::live
