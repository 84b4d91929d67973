// Who calls whom, from a sample of spans, and where to draw it. Thread-safe: pure; equal input gives an equal layout.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/span.h"

namespace tidemark::report {

struct CallGraph {
  std::uint64_t traces = 0;
  std::vector<std::string> services;                                   // by name
  std::map<std::pair<std::string, std::string>, std::uint64_t> calls;  // caller, called: spans seen
};
// An edge wherever a span's parent belongs to another service. Spans whose parent was not sampled are roots.
CallGraph call_graph_of(const std::vector<Span>& spans);

struct Point {
  double x = 0, y = 0;
};
struct GraphLayout {
  double width = 0, height = 0;
  std::map<std::string, Point> boxes;  // top left corner
  struct Edge {
    std::string from, to;
    std::vector<Point>
        way;  // from the right side of one box to the left side of the other, one point per layer between
  };
  std::vector<Edge> edges;
};
inline constexpr double kBoxWidth = 184, kBoxHeight = 58;

// Layers from left to right by longest path (calls that close a cycle do not count), crossings reduced by barycentres
// (Sugiyama, Tagawa, Toda 1981); calls over several layers run between the boxes of the layers they cross.
GraphLayout lay_out(const CallGraph& graph);

}  // namespace tidemark::report
