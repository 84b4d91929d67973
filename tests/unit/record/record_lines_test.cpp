#include "engine/record/record_lines.h"

#include <gtest/gtest.h>

#include "engine/core/random.h"
#include "engine/record/checksum_line.h"
#include "engine/record/crc32c.h"

namespace tidemark::record {
namespace {

using nlohmann::json;

TEST(Crc32c, KnowsTheVectorsOfRfc3720) {
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i)
    ascending.push_back(static_cast<char>(i)), descending.push_back(static_cast<char>(31 - i));
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(crc32c(descending), 0x113fdb5cu);
}

TEST(ChecksumLine, RoundTripsAndVouchesForItself) {
  const ChecksumLine line{"series.ndjson", 1200, 41, 0x0bad5eed};
  const std::string text = format_checksum_line(line);
  ASSERT_EQ(text.back(), '\n');
  EXPECT_TRUE(text.starts_with(R"({"file":"series.ndjson","offset":1200,"length":41,"crc32c":"0bad5eed","self":")"));
  const std::string bare = text.substr(0, text.size() - 1);
  const auto back = parse_checksum_line(bare);
  ASSERT_TRUE(back);
  EXPECT_EQ(format_checksum_line(*back), text);
  for (std::size_t bit = 0; bit < 8 * bare.size(); ++bit) {
    std::string flipped = bare;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(parse_checksum_line(flipped)) << flipped;
  }
}

TEST(ChecksumLine, RefusesOtherSpellings) {
  const std::string text = format_checksum_line({"a", 1, 2, 3});
  const std::string bare = text.substr(0, text.size() - 1);
  for (const std::string& other :
       {std::string(), std::string("{}"), std::string("null"), bare + " ", " " + bare, bare + bare, bare.substr(1),
        std::string(R"({"file":"a","offset":1,"length":2,"crc32c":"00000003"})")}) {
    EXPECT_FALSE(parse_checksum_line(other)) << other;
  }
}

TEST(IntervalTag, EscapesReversibly) {
  EXPECT_EQ(interval_tag("response", ""), "response.total");
  EXPECT_EQ(interval_tag("lag", "browse/list"), "lag.browse/list");
  EXPECT_EQ(interval_tag("lag", "total"), "lag.%74otal");
  EXPECT_EQ(interval_tag("service", "a, 100%\n\"\xc3\xa9\""), "service.a%2c%20100%25%0a%22%c3%a9%22");
  Random random(1, "names");
  for (int i = 0; i < 5000; ++i) {
    std::string name;
    for (std::uint64_t length = 1 + random.below(8); length > 0; --length)
      name.push_back(static_cast<char>(random.below(256)));
    const std::string tag = interval_tag("response", name);
    ASSERT_EQ(tag.find_first_of(", \n\r\""), std::string::npos);
    const auto back = parse_interval_tag(tag);
    ASSERT_TRUE(back) << tag;
    ASSERT_EQ(back->step, name);
    ASSERT_EQ(back->clock, "response");
  }
}

TEST(IntervalTag, RefusesWhatItDoesNotWrite) {
  for (const char* tag : {"", "response", "response.", "other.total", "responsetotal", "response.%7", "response.%zz",
                          "response.%2C", "response.%61", "response.a b", "response.%", "response.%-1"}) {
    EXPECT_FALSE(parse_interval_tag(tag)) << tag;
  }
}

TEST(IntervalLine, RefusesMalformedLinesByName) {
  const std::string payload = Histogram().encode();
  const auto line = [&](const char* head) { return std::string(head) + payload; };
  ASSERT_TRUE(parse_interval(line("Tag=lag.total,1,1,0.000,"), "p"));
  const std::pair<std::string, const char*> cases[] = {
      {"", "a histogram line without a tag"},
      {"1,1,0.000,x", "a histogram line without a tag"},
      {"Tag=lag.total,1,1", "a histogram line of fewer than five fields"},
      {line("Tag=total,1,1,0.000,"), "tag total is not one of ours"},
      {line("Tag=lag.total,x,1,0.000,"), "the start is not a number"},
      {line("Tag=lag.total,inf,1,0.000,"), "the start is not a number"},
      {line("Tag=lag.total,1 ,1,0.000,"), "the start is not a number"},
      {line("Tag=lag.total,1,,0.000,"), "the length is not a number"},
      {line("Tag=lag.total,1,1,nan,"), "the maximum is not a number"},
      {line("Tag=lag.total,1,1,0.000,,"), "not base64"},
      {"Tag=lag.total,1,1,0.000,", "shorter than its header"},
  };
  for (const auto& [text, what] : cases) {
    const auto parsed = parse_interval(text, "intervals.hlog:6");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message(), std::string("intervals.hlog:6: ") + what);
  }
}

TEST(SeriesLine, RefusesMalformedLinesByName) {
  StepInterval total, step;
  step.step = "a";
  const FlowBook flows;
  const json total_line = json::parse(format_series(1.5, total, &flows));
  const json step_line = json::parse(format_series(1.5, step, nullptr));
  ASSERT_TRUE(parse_series(total_line, "s"));
  ASSERT_TRUE(parse_series(step_line, "s"));
  EXPECT_EQ(parse_series(step_line, "s")->t_s, 1.5);
  for (const auto& [name, value] : total_line.items()) {
    json part = total_line;
    part.erase(name);
    const auto parsed = parse_series(part, "series.ndjson:4");
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().message(), "series.ndjson:4: " + name + " is missing");
  }
  json negative = step_line;
  negative["requests"]["ok"] = -1;
  EXPECT_EQ(parse_series(negative, "s").error().message(), "s: requests.ok is not a count");
  json worded = step_line;
  worded["lag_us"]["p99"] = "fast";
  EXPECT_EQ(parse_series(worded, "s").error().message(), "s: lag_us.p99 is not a number");
  EXPECT_EQ(parse_series(json::parse("{", nullptr, false), "s").error().message(), "s: not a JSON object");
}

TEST(EventLine, RoundTripsAndRefuses) {
  const std::string text = format_event(3, "stop", {{"reason", "two\nlines"}});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto back = parse_event(json::parse(text), "e");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->fields.at("reason"), "two\nlines");
  EXPECT_EQ(parse_event({{"t_s", 1}, {"kind", 2}, {"fields", json::object()}}, "e").error().message(),
            "e: kind is not a string");
  EXPECT_EQ(parse_event({{"t_s", 1}, {"kind", "a"}, {"fields", 1}}, "e").error().message(),
            "e: fields is not an object");
}

}  // namespace
}  // namespace tidemark::record
