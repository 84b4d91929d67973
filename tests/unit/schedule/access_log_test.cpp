#include "engine/schedule/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

std::string line(const std::string& time, const std::string& request) {
  return "10.0.0.1 - - [17/May/2015:" + time + " +0000] \"" + request + "\" 200 12 \"-\" \"agent\"\n";
}

LogReplay replay_of(const std::string& log, double speed = 1) {
  auto replay = parse_access_log(log, "a.log", speed);
  if (!replay) {
    ADD_FAILURE() << replay.error().message();
    return {};
  }
  return std::move(*replay);
}

std::vector<std::int64_t> offsets_ms(const LogReplay& replay) {
  std::vector<std::int64_t> result;
  for (const Arrival& arrival : replay.arrivals) result.push_back(arrival.offset / milliseconds(1));
  return result;
}

TEST(AccessLog, SpreadsTheArrivalsOfOneSecondEvenly) {
  const auto replay = replay_of(line("10:05:03", "GET /a HTTP/1.1") + line("10:05:03", "GET /b HTTP/1.1") +
                                line("10:05:05", "GET /a?x=1 HTTP/1.1"));
  EXPECT_THAT(offsets_ms(replay), ElementsAre(250, 750, 2500));
  EXPECT_THAT(replay.targets.texts(), ElementsAre("/a", "/b", "/a?x=1"));
  EXPECT_EQ(replay.arrivals[2].number, 2U);
  EXPECT_EQ(replay.arrivals[0].flow, replay.arrivals[2].flow) << "the query does not make a flow";
  ASSERT_EQ(replay.scenario.flows.size(), 2U);
  EXPECT_EQ(replay.scenario.flows[0].weight, 2);
  EXPECT_EQ(replay.scenario.flows[0].steps[0].name, "GET /a");
}

TEST(AccessLog, DividesGapsBySpeed) {
  const std::string log = line("10:00:00", "GET / HTTP/1.1") + line("10:00:10", "GET / HTTP/1.1");
  EXPECT_THAT(offsets_ms(replay_of(log, 10)), ElementsAre(50, 1050));
  for (const double speed : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(parse_access_log(log, "a.log", speed)) << speed;
  }
}

TEST(AccessLog, SortsAndCountsWhatIsOutOfOrder) {
  const auto replay = replay_of(line("10:00:02", "GET /c HTTP/1.1") + line("10:00:00", "GET /a HTTP/1.1") +
                                line("10:00:01", "GET /b HTTP/1.1") + line("10:00:02", "GET /d HTTP/1.1"));
  EXPECT_THAT(replay.targets.texts(), ElementsAre("/a", "/b", "/c", "/d"));
  EXPECT_EQ(replay.reordered, 2U);
  EXPECT_THAT(offsets_ms(replay), ElementsAre(500, 1500, 2250, 2750));
}

TEST(AccessLog, ReplaysOnlyGetAndHead) {
  const auto replay = replay_of(line("10:00:00", "GET /a HTTP/1.1") + line("10:00:00", "POST /a HTTP/1.1") +
                                line("10:00:00", "HEAD /a HTTP/1.1") + line("10:00:00", "OPTIONS * HTTP/1.1"));
  EXPECT_EQ(replay.skipped_methods, 2U);
  EXPECT_EQ(replay.malformed, 0U);
  ASSERT_EQ(replay.scenario.flows.size(), 2U);
  EXPECT_EQ(replay.scenario.flows[1].steps[0].method, "HEAD");
  EXPECT_EQ(replay.arrivals.size(), 2U);
}

TEST(AccessLog, AppliesTheZone) {
  EXPECT_EQ(parse_log_time("17/May/2015:10:05:03 +0000"), 1431857103);
  EXPECT_EQ(parse_log_time("17/May/2015:12:05:03 +0200"), 1431857103);
  EXPECT_EQ(parse_log_time("17/May/2015:05:35:03 -0430"), 1431857103);
  EXPECT_EQ(parse_log_time("29/Feb/2016:00:00:00 +0000"), 1456704000);
  for (const std::string bad :
       {"", "17/May/2015:10:05:03", "32/May/2015:10:05:03 +0000", "29/Feb/2015:10:05:03 +0000",
        "17/Mai/2015:10:05:03 +0000", "17/ayJ/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000",
        "17/May/2015:10:60:03 +0000", "17-May/2015:10:05:03 +0000", "17/May/2015:10:05:03 +00x0"}) {
    EXPECT_FALSE(parse_log_time(bad)) << bad;
  }
}

TEST(AccessLog, CountsMalformedLinesAndLocatesTheFirstTen) {
  std::string log = line("10:00:00", "GET / HTTP/1.1") + "\n\n";
  for (int i = 0; i < 12; ++i) log += "garbage\n";
  const auto replay = replay_of(log);
  EXPECT_EQ(replay.malformed, 12U) << "blank lines are none";
  ASSERT_EQ(replay.first_malformed.size(), 10U);
  EXPECT_EQ(replay.first_malformed.front(), "a.log:4");
}

TEST(AccessLog, KnowsAMalformedLine) {
  LogLineParser parser;
  const std::string stamp = "[17/May/2015:10:05:03 +0000]";
  const std::vector<std::string> malformed = {std::string("x"),
                                              stamp,
                                              "h - - " + stamp,
                                              "h - - " + stamp + " ",
                                              "h - - " + stamp + " \"GET /",
                                              "h - - " + stamp + " \"-\" 408 0",
                                              "h - - " + stamp + " \"get / HTTP/1.1\"",
                                              "h - - " + stamp + " \"GET  HTTP/1.1\" 200",
                                              "h - - " + stamp + " \"GET /a b\" 200",
                                              "h - - " + stamp + "\"GET / HTTP/1.1\"",
                                              "h - - [17/May/2015:10:05:03 +0000 \"GET / HTTP/1.1\"",
                                              "h - - " + stamp + " \"GET / HTTP/1.1\\\" 200"};
  for (const std::string& text : malformed) {
    EXPECT_FALSE(parser.parse(text)) << text;
  }
  // What is parsed points into the line: it must live as long.
  const std::string quoted = "h - \"a [b] c\" " + stamp + " \"GET /x\\\"y HTTP/1.0\" 200 1";
  const auto odd = parser.parse(quoted);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->target, "/x\\\"y");
  EXPECT_EQ(parser.parse("h - - " + stamp + " \"GET /old\"")->target, "/old") << "HTTP/0.9";
  EXPECT_EQ(parser.parse("h - - " + stamp + " \"GET /a b HTTP/1.1\" 200")->target, "/a b");
}

TEST(AccessLog, TargetsCanStandInARequestLine) {
  EXPECT_EQ(replay_target("/a/b?c=d"), "/a/b?c=d");
  EXPECT_EQ(replay_target("http://other.example/p?q"), "/p?q");
  EXPECT_EQ(replay_target("https://other.example"), "/");
  EXPECT_EQ(replay_target("/a#b"), "/a");
  EXPECT_EQ(replay_target("/a b"), "/a%20b");
  EXPECT_EQ(replay_target("/\\xe2\\x82\\xac\\\"\\\\"), "/%e2%82%ac%22%5C");
  EXPECT_EQ(replay_target("/\xc3\xa9"), "/%C3%A9");
  EXPECT_EQ(replay_target("/a\rb"), "");
  EXPECT_EQ(replay_target("*"), "");
  EXPECT_EQ(replay_target("x"), "");
}

TEST(AccessLog, KeepsAThousandFlowsAndSharesTheRest) {
  std::string log;
  for (int i = 0; i < 1005; ++i) log += line("10:00:00", "GET /p" + std::to_string(i) + " HTTP/1.1");
  log += line("10:00:00", "HEAD /late HTTP/1.1");
  const auto replay = replay_of(log);
  ASSERT_EQ(replay.scenario.flows.size(), 1002U);
  EXPECT_EQ(replay.scenario.flows[1000].name, "other");
  EXPECT_EQ(replay.scenario.flows[1000].weight, 5);
  EXPECT_EQ(replay.scenario.flows[1001].name, "other-head");
  std::set<std::string> names;
  for (const Flow& flow : replay.scenario.flows) {
    EXPECT_TRUE(names.insert(flow.name).second) << flow.name;
    EXPECT_LE(flow.name.size(), 32U);
    EXPECT_EQ(flow.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-"), std::string::npos) << flow.name;
  }
}

TEST(AccessLog, WithoutARequestIsAnError) {
  EXPECT_EQ(parse_access_log("garbage\n" + line("10:00:00", "POST / HTTP/1.1"), "a.log", 1).error().message(),
            "a.log: no GET or HEAD request in it (1 lines malformed, 1 of other methods) (a combined access log, as "
            "Apache and nginx "
            "write it)");
  EXPECT_FALSE(load_access_log("no/such.log", 1));
  EXPECT_FALSE(load_access_log(".", 1));
}

// A file is read in chunks: lines across chunk borders, lines that are too long, and no newline at the end.
TEST(AccessLog, AFileReadsAsItsText) {
  std::string log = line("10:00:00", "GET /first HTTP/1.1") + std::string(9 << 20, 'x') + "\n";
  int second = 0;
  while (log.size() < (22U << 20)) {
    log += line("11:00:" + std::string(second % 60 < 10 ? "0" : "") + std::to_string(second % 60),
                "GET /" + std::string(static_cast<std::size_t>(second) % 3000, 'a') + " HTTP/1.1");
    ++second;
  }
  log += line("12:00:00", "GET /last HTTP/1.1");
  log.pop_back();
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tidemark-access-" + std::to_string(getpid()) + ".log");
  std::ofstream(path, std::ios::binary) << log;
  const auto file = load_access_log(path, 1);
  std::filesystem::remove(path);
  ASSERT_TRUE(file) << file.error().message();
  const auto memory = replay_of(log);
  EXPECT_EQ(file->malformed, 1U);
  EXPECT_EQ(memory.malformed, 1U);
  EXPECT_EQ(file->targets.texts(), memory.targets.texts());
  EXPECT_EQ(file->reordered, memory.reordered);
  EXPECT_EQ(file->targets.texts().back(), "/last");
  EXPECT_EQ(file->scenario.load.replay->file, path);
}

TEST(AccessLog, RealLogReplaysWhole) {
  const std::string file = TIDEMARK_SHARED_DATA "/formats/apache-access-elastic/apache_logs";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data";
  const auto replay = load_access_log(file, 3600);
  ASSERT_TRUE(replay) << replay.error().message();
  EXPECT_EQ(replay->arrivals.size() + replay->malformed + replay->skipped_methods, 10000U);
  EXPECT_EQ(replay->malformed, 0U) << testing::PrintToString(replay->first_malformed);
  EXPECT_EQ(replay->skipped_methods, 6U);
  EXPECT_GT(replay->reordered, 0U) << "its time stamps are not monotone";
  for (std::size_t i = 1; i < replay->arrivals.size(); ++i)
    ASSERT_GE(replay->arrivals[i].offset, replay->arrivals[i - 1].offset);
  EXPECT_LT(replay->arrivals.back().offset, std::chrono::seconds(90)) << "84 hours at 3600 times the speed";
  Scenario scenario = replay->scenario;
  auto stream = make_arrivals(scenario, 1);
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->expected_count(), static_cast<double>(replay->arrivals.size()));
  EXPECT_EQ((*stream)->next()->offset, replay->arrivals[0].offset);
  EXPECT_THAT((*stream)->notes(),
              ElementsAre("6 requests other than GET and HEAD left out",
                          std::to_string(replay->reordered) + " lines stood after a later one: sorted by time"));
}

}  // namespace
}  // namespace tidemark::schedule
