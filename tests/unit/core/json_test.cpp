// The JSON of watermarks, spans and summaries: round trips, and what is said of malformed input.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/span.h"
#include "engine/core/summary.h"
#include "engine/core/watermark.h"
#include "tests/unit/core/sample_values.h"

namespace tidemark {
namespace {

using nlohmann::json;

// As it reaches a file and comes back.
json through_text(const json& value) {
  return json::parse(value.dump());
}

TEST(WatermarkJson, RoundTrips) {
  const json written = sample_watermark();
  const auto back = parse_watermark(through_text(written), "watermarks.ndjson:1");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(json(*back), written);
}

TEST(WatermarkJson, MissedSampleCarriesNoNumbers) {
  WatermarkSample sample = sample_watermark();
  sample.missed = true;
  const json written = sample;
  EXPECT_EQ(written.size(), 4u);
  const auto back = parse_watermark(through_text(written), "w");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(back->missed);
  EXPECT_EQ(back->busy_seconds, 0);
}

TEST(WatermarkJson, IgnoresUnknownFields) {
  json written = sample_watermark();
  written["of a later version"] = {1, 2};
  EXPECT_TRUE(parse_watermark(written, "w"));
}

TEST(WatermarkJson, NamesEveryMissingField) {
  const json whole = sample_watermark();
  for (const auto& [name, value] : whole.items()) {
    json part = whole;
    part.erase(name);
    const auto parsed = parse_watermark(part, "watermarks.ndjson:12");
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().message(), "watermarks.ndjson:12: " + name + " is missing");
  }
}

TEST(WatermarkJson, NamesEveryIllTypedField) {
  const json whole = sample_watermark();
  for (const auto& [name, value] : whole.items()) {
    for (const json& wrong : {json(nullptr), json(json::array({1})), json(-1.5)}) {
      if (wrong.is_number() && value.is_number_float()) continue;
      json part = whole;
      part[name] = wrong;
      const auto parsed = parse_watermark(part, "w:1");
      ASSERT_FALSE(parsed) << name << " = " << wrong;
      EXPECT_TRUE(parsed.error().message().starts_with("w:1: " + name + " is ")) << parsed.error().message();
    }
  }
}

TEST(WatermarkJson, KeepsCountsWithinTheirTypes) {
  json written = sample_watermark();
  written["workers"] = std::uint64_t{1} << 32;
  ASSERT_FALSE(parse_watermark(written, "w"));
  EXPECT_EQ(parse_watermark(written, "w").error().message(), "w: workers is not a count");
  EXPECT_FALSE(parse_watermark(json::array(), "w"));
  EXPECT_FALSE(parse_watermark(json::parse("{", nullptr, false), "w"));
}

TEST(SpanJson, RoundTripsAsZipkinV2) {
  for (const char* parent : {"", "00f067aa0ba902b7"}) {
    Span span = sample_span();
    span.parent_id = parent;
    const json written = span;
    EXPECT_EQ(written["localEndpoint"]["serviceName"], "product");
    EXPECT_EQ(written["tags"]["node"], "product-2");
    EXPECT_EQ(written.contains("parentId"), !span.parent_id.empty());
    const auto back = parse_span(through_text(written), "spans.ndjson:1");
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(json(*back), written);
    EXPECT_EQ(back->tags, span.tags);
  }
}

TEST(SpanJson, RefusesByName) {
  const struct {
    std::function<void(json&)> change;
    const char* what;
  } cases[] = {
      {[](json& j) { j.erase("traceId"); }, "traceId is missing"},
      {[](json& j) { j["traceId"] = "xyz"; }, "traceId is not 16 or 32 hex digits"},
      {[](json& j) { j["id"] = "00F067AA0BA902B7"; }, "id is not 16 hex digits"},
      {[](json& j) { j["parentId"] = "1"; }, "parentId is not 16 hex digits"},
      {[](json& j) { j["kind"] = "OTHER"; }, "kind is none of SERVER, CLIENT, PRODUCER, CONSUMER"},
      {[](json& j) { j["timestamp"] = 1.5; }, "timestamp is not a whole number"},
      {[](json& j) { j["timestamp"] = ~std::uint64_t{0}; }, "timestamp is not a whole number"},
      {[](json& j) { j["duration"] = -1; }, "timestamp or duration is negative"},
      {[](json& j) { j["localEndpoint"] = 3; }, "localEndpoint is not an object"},
      {[](json& j) { j["localEndpoint"].erase("serviceName"); }, "localEndpoint.serviceName is missing"},
      {[](json& j) { j["tags"]["http.status"] = 200; }, "tags is not an object of strings"},
      {[](json& j) { j["tags"].erase("node"); }, "tags.node is missing"},
  };
  for (const auto& test : cases) {
    json written = sample_span();
    test.change(written);
    const auto parsed = parse_span(written, "spans.ndjson:3");
    ASSERT_FALSE(parsed) << test.what;
    EXPECT_EQ(parsed.error().message(), std::string("spans.ndjson:3: ") + test.what);
  }
}

TEST(SummaryJson, RoundTrips) {
  const json written = sample_summary();
  const auto back = parse_summary(through_text(written), "summary.json");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(json(*back), written);
  EXPECT_TRUE(parse_summary(json(Summary{}), "summary.json"));
}

TEST(SummaryJson, WritesWhatHasNoValueAsNull) {
  Summary summary;
  ThresholdResult& threshold = summary.thresholds.emplace_back();
  threshold.verdict = "undecided";
  threshold.value = std::numeric_limits<double>::quiet_NaN();
  threshold.value_high = std::numeric_limits<double>::infinity();
  const auto back = parse_summary(through_text(summary), "summary.json");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(std::isnan(back->thresholds[0].value));
  EXPECT_FALSE(std::isfinite(back->thresholds[0].value_high));
  EXPECT_EQ(back->thresholds[0].value_low, 0);
}

// Every field of every nested object, one after the other, by its path.
void each_field(const json& whole, const json::json_pointer& at,
                const std::function<void(const json::json_pointer&)>& visit) {
  const json& here = whole.at(at);
  if (here.is_object()) {
    for (const auto& [name, value] : here.items()) {
      visit(at / name);
      each_field(whole, at / name, visit);
    }
  } else if (here.is_array()) {
    for (std::size_t i = 0; i < here.size(); ++i) each_field(whole, at / i, visit);
  }
}

TEST(SummaryJson, RefusesEveryMissingAndIllTypedField) {
  const json whole = sample_summary();
  const auto is_entry = [](const json::json_pointer& at) {  // named by the user, or not in older records: may be absent
    const std::string parent = at.parent_pointer().to_string();
    return at.to_string() == "/timer_floor_us" || at.to_string() == "/overflowed" || at.to_string() == "/stopped_by" ||
           at.to_string() == "/notes" || at.to_string() == "/retried" || parent == "/by_step" || parent == "/nodes" ||
           parent == "/errors";
  };
  int fields = 0;
  each_field(whole, json::json_pointer(), [&](const json::json_pointer& at) {
    ++fields;
    if (!is_entry(at)) {
      json part = whole;
      part.at(at.parent_pointer()).erase(at.back());
      const auto parsed = parse_summary(part, "summary.json");
      ASSERT_FALSE(parsed) << at;
      EXPECT_NE(parsed.error().message().find(at.back() + " is missing"), std::string::npos)
          << parsed.error().message();
    }
    json part = whole;
    part.at(at) = json::array({json::array()});
    ASSERT_FALSE(parse_summary(part, "summary.json")) << at;
  });
  EXPECT_GT(fields, 100);
}

TEST(SummaryJson, RefusesAnotherSchemaAndUnknownWords) {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"schema", "tidemark.summary/2"}, {"validity", "maybe"}, {"verdict", "PASS"}}) {
    json part = sample_summary();
    part[name] = value;
    const auto parsed = parse_summary(part, "summary.json");
    ASSERT_FALSE(parsed);
    EXPECT_TRUE(parsed.error().message().starts_with("summary.json: " + name + " is none of "));
  }
}

TEST(ExitCodeOf, TakesTheGravestFirst) {
  Summary summary;
  EXPECT_EQ(exit_code_of(summary), ExitCode::pass);
  summary.verdict = "fail";
  EXPECT_EQ(exit_code_of(summary), ExitCode::gate_failed);
  summary.stopped_by = "errors < 5";
  summary.validity = "generator-limited";
  EXPECT_EQ(exit_code_of(summary), ExitCode::gate_failed) << "a rule that stopped the run decides before validity";
  summary.partial = true;
  EXPECT_EQ(exit_code_of(summary), ExitCode::partial_record);
  summary.partial = false;
  summary.stopped_by.clear();
  summary.validity = "valid";
  summary.verdict = "undecided";
  EXPECT_EQ(exit_code_of(summary), ExitCode::undecided);
  summary.validity = "environment-limited";
  EXPECT_EQ(exit_code_of(summary), ExitCode::invalid_measurement);
  summary.partial = true;
  EXPECT_EQ(exit_code_of(summary), ExitCode::partial_record);
}

}  // namespace
}  // namespace tidemark
