#include "reports/page/call_graph.h"

#include <algorithm>
#include <functional>
#include <set>

namespace tidemark::report {
namespace {

constexpr double kColumnGap = 84, kRowGap = 22, kLaneHeight = 22, kMargin = 4;
constexpr int kSweeps = 8;

using Adjacency = std::map<std::string, std::vector<std::string>>;

// A box, or a bend of a call that passes a layer.
struct Item {
  std::string service;            // empty: a bend
  std::vector<std::size_t> left;  // items in the layer to the left that lead here
  std::vector<std::size_t> right;
  double y = 0, height = kBoxHeight;
};

Adjacency without_cycles(const CallGraph& graph) {
  Adjacency all, kept;
  for (const auto& [pair, number] : graph.calls) all[pair.first].push_back(pair.second);
  std::map<std::string, int> state;  // 1: on the path, 2: done
  const std::function<void(const std::string&)> visit = [&](const std::string& service) {
    state[service] = 1;
    for (const std::string& next : all[service]) {
      if (state[next] == 1) continue;
      kept[service].push_back(next);
      if (state[next] == 0) visit(next);
    }
    state[service] = 2;
  };
  std::set<std::string> called;
  for (const auto& [pair, number] : graph.calls) called.insert(pair.second);
  for (const std::string& service : graph.services) {
    if (!called.contains(service) && state[service] == 0) visit(service);
  }
  for (const std::string& service : graph.services) {
    if (state[service] == 0) visit(service);
  }
  return kept;
}

std::map<std::string, std::size_t> longest_paths(const CallGraph& graph, const Adjacency& calls) {
  std::map<std::string, std::size_t> layer;
  for (const std::string& service : graph.services) layer[service] = 0;
  for (std::size_t round = 0; round < graph.services.size(); ++round) {
    for (const auto& [from, targets] : calls) {
      for (const std::string& to : targets) layer[to] = std::max(layer[to], layer[from] + 1);
    }
  }
  return layer;
}

struct Layers {
  std::vector<Item> items;
  std::vector<std::vector<std::size_t>> layers;
  std::map<std::string, std::size_t> item_of;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> ways;
};

Layers place_items(const CallGraph& graph, const Adjacency& calls) {
  const auto layer = longest_paths(graph, calls);
  Layers out;
  for (const std::string& service : graph.services) {
    const std::size_t at = layer.at(service);
    if (out.layers.size() <= at) out.layers.resize(at + 1);
    out.item_of[service] = out.items.size();
    out.layers[at].push_back(out.items.size());
    out.items.push_back({.service = service});
  }
  const auto link = [&out](std::size_t a, std::size_t b) {
    out.items[a].right.push_back(b);
    out.items[b].left.push_back(a);
  };
  for (const auto& [from, targets] : calls) {
    for (const std::string& to : targets) {
      std::size_t previous = out.item_of.at(from);
      auto& way = out.ways[{from, to}];
      for (std::size_t l = layer.at(from) + 1; l < layer.at(to); ++l) {
        const std::size_t bend = out.items.size();
        out.items.push_back({.height = kLaneHeight});
        out.layers[l].push_back(bend);
        link(previous, bend);
        way.push_back(previous = bend);
      }
      link(previous, out.item_of.at(to));
    }
  }
  return out;
}

void stack(Layers& l) {
  double tallest = 0;
  std::vector<double> heights;
  for (const auto& layer : l.layers) {
    double height = -kRowGap;
    for (const std::size_t item : layer) height += l.items[item].height + kRowGap;
    heights.push_back(height);
    tallest = std::max(tallest, height);
  }
  for (std::size_t i = 0; i < l.layers.size(); ++i) {
    double y = kMargin + (tallest - heights[i]) / 2;
    for (const std::size_t item : l.layers[i]) {
      l.items[item].y = y;
      y += l.items[item].height + kRowGap;
    }
  }
}

double middle(const Item& item) {
  return item.y + item.height / 2;
}

void reduce_crossings(Layers& l) {
  stack(l);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const bool rightwards = sweep % 2 == 0;
    for (std::size_t n = 0; n < l.layers.size(); ++n) {
      auto& layer = l.layers[rightwards ? n : l.layers.size() - 1 - n];
      const auto centre = [&l, rightwards](std::size_t item) {
        const auto& others = rightwards ? l.items[item].left : l.items[item].right;
        if (others.empty()) return middle(l.items[item]);
        double sum = 0;
        for (const std::size_t other : others) sum += middle(l.items[other]);
        return sum / static_cast<double>(others.size());
      };
      std::vector<std::pair<double, std::size_t>> order;
      for (const std::size_t item : layer) order.emplace_back(centre(item), item);
      std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t i = 0; i < layer.size(); ++i) layer[i] = order[i].second;
      stack(l);
    }
  }
}

}  // namespace

CallGraph call_graph_of(const std::vector<Span>& spans) {
  std::map<std::pair<std::string, std::string>, std::string> owner;  // trace, span -> service
  std::set<std::string> traces, services;
  for (const Span& span : spans) {
    if (span.service.empty()) continue;
    owner.emplace(std::pair{span.trace_id, span.id}, span.service);
    traces.insert(span.trace_id);
    services.insert(span.service);
  }
  CallGraph graph{.traces = traces.size(), .services = {services.begin(), services.end()}};
  for (const Span& span : spans) {
    if (span.service.empty() || span.parent_id.empty()) continue;
    const auto parent = owner.find({span.trace_id, span.parent_id});
    if (parent != owner.end() && parent->second != span.service) ++graph.calls[{parent->second, span.service}];
  }
  return graph;
}

GraphLayout lay_out(const CallGraph& graph) {
  Layers l = place_items(graph, without_cycles(graph));
  reduce_crossings(l);
  GraphLayout layout;
  const auto left_of = [](std::size_t layer) {
    return kMargin + static_cast<double>(layer) * (kBoxWidth + kColumnGap);
  };
  std::map<std::size_t, Point> bends;
  for (std::size_t i = 0; i < l.layers.size(); ++i) {
    for (const std::size_t item : l.layers[i]) {
      const Item& it = l.items[item];
      if (it.service.empty())
        bends[item] = {left_of(i), middle(it)};
      else
        layout.boxes[it.service] = {left_of(i), it.y};
      layout.height = std::max(layout.height, it.y + it.height + kMargin);
    }
  }
  layout.width = l.layers.empty() ? 0 : left_of(l.layers.size() - 1) + kBoxWidth + kMargin;
  for (const auto& [pair, number] : graph.calls) {
    GraphLayout::Edge edge{.from = pair.first, .to = pair.second};
    const Point from = layout.boxes.at(pair.first), to = layout.boxes.at(pair.second);
    edge.way.push_back({from.x + kBoxWidth, from.y + kBoxHeight / 2});
    const auto way = l.ways.find(pair);
    if (way != l.ways.end()) {
      for (const std::size_t bend : way->second) {
        edge.way.push_back(bends.at(bend));
        edge.way.push_back({bends.at(bend).x + kBoxWidth, bends.at(bend).y});
      }
    }
    edge.way.push_back({to.x, to.y + kBoxHeight / 2});
    layout.edges.push_back(std::move(edge));
  }
  return layout;
}

}  // namespace tidemark::report
