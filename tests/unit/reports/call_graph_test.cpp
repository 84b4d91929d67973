#include "reports/page/call_graph.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace tidemark::report {
namespace {

CallGraph graph_of(std::vector<std::pair<std::string, std::string>> calls) {
  CallGraph graph{.traces = 1};
  for (const auto& call : calls) {
    ++graph.calls[call];
    graph.services.push_back(call.first);
    graph.services.push_back(call.second);
  }
  std::sort(graph.services.begin(), graph.services.end());
  graph.services.erase(std::unique(graph.services.begin(), graph.services.end()), graph.services.end());
  return graph;
}

Span span(const char* trace, const char* id, const char* parent, const char* service) {
  return {.trace_id = trace, .id = id, .parent_id = parent, .service = service};
}

TEST(CallGraph, CountsCallsBetweenServicesOnly) {
  const auto graph =
      call_graph_of({span("t1", "1", "", "gateway"), span("t1", "2", "1", "gateway"), span("t1", "3", "2", "product"),
                     span("t2", "1", "", "gateway"), span("t2", "3", "1", "product"), span("t2", "4", "9", "store")});
  EXPECT_EQ(graph.traces, 2u);
  EXPECT_EQ(graph.services, (std::vector<std::string>{"gateway", "product", "store"}));
  ASSERT_EQ(graph.calls.size(), 1u);
  EXPECT_EQ(graph.calls.at({"gateway", "product"}), 2u);  // equal span ids of other traces do not mix
}

TEST(GraphLayout, PutsTheCalledRightOfTheCaller) {
  const auto layout = lay_out(graph_of({{"gateway", "order"},
                                        {"gateway", "product"},
                                        {"order", "payment"},
                                        {"order", "store"},
                                        {"product", "store"},
                                        {"payment", "store"}}));
  EXPECT_LT(layout.boxes.at("gateway").x, layout.boxes.at("order").x);
  EXPECT_LT(layout.boxes.at("order").x, layout.boxes.at("payment").x);
  EXPECT_LT(layout.boxes.at("payment").x, layout.boxes.at("store").x);
}

TEST(GraphLayout, BoxesNeverOverlapAndStayInside) {
  std::vector<std::pair<std::string, std::string>> calls;
  for (int i = 0; i < 24; ++i) {
    for (int j = i + 1; j < 24; j += 1 + i % 5) calls.emplace_back(fmt::format("s{:02}", i), fmt::format("s{:02}", j));
  }
  const auto layout = lay_out(graph_of(calls));
  for (const auto& [a, at] : layout.boxes) {
    EXPECT_GE(at.x, 0);
    EXPECT_GE(at.y, 0);
    EXPECT_LE(at.x + kBoxWidth, layout.width);
    EXPECT_LE(at.y + kBoxHeight, layout.height);
    for (const auto& [b, other] : layout.boxes) {
      if (a == b) continue;
      EXPECT_TRUE(std::abs(at.x - other.x) >= kBoxWidth || std::abs(at.y - other.y) >= kBoxHeight) << a << ' ' << b;
    }
  }
}

TEST(GraphLayout, SurvivesCyclesAndCallsToItsOwnCaller) {
  for (const auto& graph : {graph_of({{"a", "b"}, {"b", "a"}}), graph_of({{"a", "b"}, {"b", "c"}, {"c", "a"}}),
                            graph_of({{"r", "a"}, {"a", "b"}, {"b", "a"}})}) {
    const auto layout = lay_out(graph);
    EXPECT_EQ(layout.boxes.size(), graph.services.size());
    EXPECT_EQ(layout.edges.size(), graph.calls.size());
    for (const auto& edge : layout.edges) EXPECT_GE(edge.way.size(), 2u);
  }
}

TEST(GraphLayout, IsEmptyForNoCalls) {
  EXPECT_TRUE(lay_out({}).boxes.empty());
}

}  // namespace
}  // namespace tidemark::report
