// The chain as a picture: services as boxes, calls as arrows, each box coloured and labelled by its high-water mark.
// Drawn here, as SVG, so that it needs no script.
#include <fmt/format.h>

#include <algorithm>

#include "reports/numbers.h"
#include "reports/page/call_graph.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

struct Level {
  double busy = 0;
  std::uint32_t nodes = 0;
  bool saturated = false;
};

std::map<std::string, Level> levels_by_service(const Summary& summary) {
  std::map<std::string, Level> levels;
  for (const auto& [node, s] : summary.nodes) {
    Level& level = levels[s.service];
    level.busy = std::max(level.busy, s.busy_share_max);
    level.saturated = level.saturated || s.saturated_at_s >= 0;
    ++level.nodes;
  }
  return levels;
}

const char* level_class(double busy) {
  return busy >= 0.9 ? "l4" : busy >= 0.75 ? "l3" : busy >= 0.5 ? "l2" : busy >= 0.25 ? "l1" : "l0";
}

// Cut to `most` characters (not bytes): a box has room for no more; the whole name is in the title and in the tables.
std::string shortened(const std::string& value, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if ((static_cast<unsigned char>(value[i]) & 0xC0) == 0x80) continue;
    if (++characters > most) return value.substr(0, i) + "\xE2\x80\xA6";
  }
  return value;
}

Markup number(double value) {
  return text(fmt::format("{:.1f}", value));
}

// Above the widest piece of the way: for a call past a layer that is its straight part, where no other call ends.
Point label_place(const GraphLayout::Edge& edge) {
  std::size_t widest = 1;
  for (std::size_t i = 2; i < edge.way.size(); ++i) {
    if (edge.way[i].x - edge.way[i - 1].x > edge.way[widest].x - edge.way[widest - 1].x) widest = i;
  }
  const Point a = edge.way[widest - 1], b = edge.way[widest];
  const double part = edge.way.size() == 2 ? 0.6 : 0.5;
  return {a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * (part * part * (3 - 2 * part)) - 5};
}

Markup arrow(const GraphLayout::Edge& edge, double per_trace) {
  Markup d = "M"_html + number(edge.way.front().x) + " "_html + number(edge.way.front().y);
  for (std::size_t i = 1; i < edge.way.size(); ++i) {
    const Point a = edge.way[i - 1], b = edge.way[i];
    // Straight past a layer, curved between layers; a call that closes a cycle bows out of its column.
    const double pull = b.x >= a.x ? (b.x - a.x) / 2 : 60;
    d += " C"_html + number(a.x + pull) + " "_html + number(a.y) + " "_html + number(b.x - pull) + " "_html +
         number(b.y) + " "_html + number(b.x - (i + 1 == edge.way.size() ? 7 : 0)) + " "_html + number(b.y);
  }
  const Point end = edge.way.back();
  const Markup head =
      "<path class=\"head\" d=\"M"_html + number(end.x) + " "_html + number(end.y) + "l-9 -4.5v9z\"/>"_html;
  const Point label = label_place(edge);
  return "<path class=\"edge\" d=\""_html + d + "\"/>"_html + head +
         "<text class=\"calls\" text-anchor=\"middle\" x=\""_html + number(label.x) + "\" y=\""_html + number(label.y) +
         "\">"_html + text(fixed(per_trace, 2)) + "</text>\n"_html;
}

Markup box(const std::string& service, const Point& at, const Level* level) {
  Markup classes = text(level ? level_class(level->busy) : "l0");
  if (level && level->saturated) classes += " saturated"_html;
  std::string words = "not watched";
  if (level)
    words = fmt::format("{} \xC2\xB7 busy {}{}", counted(level->nodes, "node"), percent(level->busy),
                        level->saturated ? " \xE2\x96\xB2" : "");
  const double middle = at.x + kBoxWidth / 2;
  return "<g class=\""_html + classes + "\"><title>"_html + text(service) + ": "_html + text(words) +
         (level && level->saturated ? ", saturated"_html : ""_html) + "</title><rect rx=\"9\" x=\""_html +
         number(at.x) + "\" y=\""_html + number(at.y) + "\" width=\""_html + number(kBoxWidth) + "\" height=\""_html +
         number(kBoxHeight) + "\"/><text class=\"service\" text-anchor=\"middle\" x=\""_html + number(middle) +
         "\" y=\""_html + number(at.y + 24) + "\">"_html + text(shortened(service, 20)) +
         "</text><text class=\"level\" text-anchor=\"middle\" x=\""_html + number(middle) + "\" y=\""_html +
         number(at.y + 44) + "\">"_html + text(words) + "</text></g>\n"_html;
}

Markup calls_table(const CallGraph& graph) {
  Table table("From a sample of " + counted(graph.traces, "trace"),
              {{"Caller"}, {"Called"}, {"Calls seen", true}, {"Per trace", true}});
  for (const auto& [pair, calls] : graph.calls) {
    table.row({name(pair.first), name(pair.second), text(count(calls)),
               text(fixed(static_cast<double>(calls) / static_cast<double>(graph.traces), 2))});
  }
  return "<details class=\"data\" open><summary>Data table</summary>"_html + table.markup("Calls between services") +
         "</details>"_html;
}

std::string finding(const Facts& facts, const CallGraph& graph, const std::map<std::string, Level>& levels) {
  std::string full, busiest;
  double top = -1;
  for (const std::string& service : graph.services) {
    const auto level = levels.find(service);
    if (level == levels.end()) continue;
    if (level->second.saturated) full += (full.empty() ? "" : ", ") + service;
    if (level->second.busy > top) top = level->second.busy, busiest = service;
  }
  std::string words = full.empty() ? "No service was saturated" : "Saturated: " + full;
  if (!facts.summary.first_saturated.empty())
    words += "; first was " + facts.summary.first_saturated;
  else if (!busiest.empty())
    words += fmt::format("; {} came closest, {} busy", busiest, percent(top));
  return words + ".";
}

}  // namespace

MaybeSection topology_section(const Facts& facts) {
  const CallGraph graph = call_graph_of(facts.input.spans);
  if (graph.calls.empty()) return std::nullopt;
  const GraphLayout layout = lay_out(graph);
  const auto levels = levels_by_service(facts.summary);
  const std::string words = finding(facts, graph, levels);
  Markup svg =
      "<div class=\"topology\" tabindex=\"0\" role=\"group\" aria-label=\"Picture of the chain\"><svg role=\"img\" aria-label=\""_html +
      text("Call graph. " + words) + "\" viewBox=\"0 0 "_html + number(layout.width) + " "_html +
      number(layout.height) + "\" width=\""_html + number(layout.width) + "\">\n"_html;
  for (const auto& edge : layout.edges) {
    svg += arrow(edge, static_cast<double>(graph.calls.at({edge.from, edge.to})) / static_cast<double>(graph.traces));
  }
  for (const auto& [service, at] : layout.boxes) {
    const auto level = levels.find(service);
    svg += box(service, at, level == levels.end() ? nullptr : &level->second);
  }
  svg += "</svg></div>"_html;
  Markup body =
      "<figure id=\"figure-topology\"><figcaption>"_html + text(words) +
      "</figcaption><p class=\"note\">Boxes: nodes and the highest share of busy workers in any second. Arrows: calls per trace.</p>"_html;
  body +=
      svg +
      "<div class=\"keys\"><span><i class=\"l0\"></i>below 25 %</span><span><i class=\"l1\"></i>25 to 50 "
      "%</span><span><i class=\"l2\"></i>50 to 75 %</span><span><i class=\"l3\"></i>75 to 90 %</span>"
      "<span><i class=\"l4\"></i>90 % and more</span><span><i class=\"saturated\"></i>\xE2\x96\xB2 saturated: 90 % or more for 3 s, or waits above service</span></div>\n"_html;
  return Section{"topology", "Topology", body + calls_table(graph) + "</figure>"_html};
}

}  // namespace tidemark::report
