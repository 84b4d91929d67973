#include "scenarios/shop/node_counters.h"

#include <gtest/gtest.h>

#include "scenarios/shop/limits.h"
#include "scenarios/shop/span_buffer.h"

namespace tidemark::shop {
namespace {

TEST(NodeCounters, SixtyFourFlowsByNameTheRestTogether) {
  NodeCounters counters;
  for (int flow = 0; flow < 100; ++flow) counters.count_flow("flow" + std::to_string(flow));
  for (int again = 0; again < 3; ++again) counters.count_flow("flow0");
  const auto sample = counters.watermark("product", "product-1", {});
  EXPECT_EQ(sample.flow_requests.size(), 65U);
  EXPECT_EQ(sample.flow_requests.at("flow0"), 4U);
  EXPECT_EQ(sample.flow_requests.at("other"), 36U);
  EXPECT_GT(sample.cpu_seconds, 0);
  EXPECT_GT(sample.resident_bytes, 0U);
}

TEST(NodeCounters, ProblemsAreToldUntilTheyHaveArrivedAndBounded) {
  NodeCounters counters;
  EXPECT_TRUE(counters.problem("a"));
  EXPECT_FALSE(counters.problem("a"));
  EXPECT_EQ(counters.problems(0).texts, std::vector<std::string>{"a"});
  EXPECT_EQ(counters.problems(0).texts, std::vector<std::string>{"a"}) << "the first answer may have been lost";
  EXPECT_TRUE(counters.problem("b"));
  const auto rest = counters.problems(1);
  EXPECT_EQ(rest.from, 1U);
  EXPECT_EQ(rest.texts, std::vector<std::string>{"b"});
  EXPECT_TRUE(counters.problem("a")) << "still wrong after it was read: told again";
  EXPECT_EQ(counters.problems(99).texts.size(), 2U) << "that many there never were";
  EXPECT_TRUE(counters.problems(3).texts.empty());
  for (int i = 0; i < 1000; ++i) counters.problem(std::to_string(i));
  EXPECT_EQ(counters.problems(3).texts.size(), 100U);
  EXPECT_EQ(counters.problems(std::nullopt).texts.size(), 100U);
  EXPECT_TRUE(counters.problems(std::nullopt).texts.empty()) << "who does not count them has them once";
}

TEST(SpanBuffer, KeepsTheSameTracesEverywhereAndCountsWhatItDrops) {
  SpanBuffer spans(20);
  TraceContext trace;
  int kept = 0;
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    trace.trace_low = id;
    kept += spans.wants(trace) ? 1 : 0;
  }
  EXPECT_EQ(kept, 100);
  EXPECT_FALSE(SpanBuffer(0).wants(trace));
  for (std::size_t i = 0; i < SpanBuffer::kCapacity + 5; ++i) spans.add({});
  EXPECT_EQ(spans.drain().size(), SpanBuffer::kCapacity);
  EXPECT_EQ(spans.dropped(), 5U);
  EXPECT_TRUE(spans.drain().empty());
}

TEST(Limits, ReadsWhatAPlanWrites) {
  const auto limit = parse_limit(R"({"schema":"tidemark.limits/1","limits":{"gateway":{"rate":450.5,"burst":20}}})",
                                 "l.json", "gateway");
  ASSERT_TRUE(limit);
  ASSERT_TRUE(*limit);
  EXPECT_DOUBLE_EQ((*limit)->rate.per_second(), 450.5);
  EXPECT_DOUBLE_EQ((*limit)->burst, 20);
  const auto other = parse_limit(R"({"schema":"tidemark.limits/1","limits":{}})", "l.json", "gateway");
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
}

TEST(Limits, NamesTheFieldThatIsWrong) {
  struct {
    const char *text, *said;
  } const cases[] = {{"", "l.json"},
                     {"{}", "schema"},
                     {R"({"schema":"tidemark.limits/2"})", "schema"},
                     {R"({"schema":"tidemark.limits/1"})", "limits"},
                     {R"({"schema":"tidemark.limits/1","limits":{"gateway":{"burst":1}}})", "gateway.rate"},
                     {R"({"schema":"tidemark.limits/1","limits":{"gateway":{"rate":-1,"burst":1}}})", "gateway.rate"},
                     {R"({"schema":"tidemark.limits/1","limits":{"gateway":{"rate":1,"burst":0.5}}})", "gateway.burst"},
                     {R"({"schema":"tidemark.limits/1","limits":{"gateway":7}})", "gateway.rate"}};
  for (const auto& wrong : cases) {
    const auto limit = parse_limit(wrong.text, "l.json", "gateway");
    ASSERT_FALSE(limit) << wrong.text;
    EXPECT_NE(limit.error().message().find(wrong.said), std::string::npos) << limit.error().message();
  }
}

}  // namespace
}  // namespace tidemark::shop
