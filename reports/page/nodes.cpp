// Watermarks over time and the high-water mark of every node.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/numbers.h"
#include "reports/page/levels.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

constexpr std::size_t kLanes = 12;
constexpr double kSaturatedShare = 0.9;

struct RankedService {
  std::string service;
  const ServiceLevels* levels;
  double busy_peak;
};

// Busiest first, so that the lanes that matter are on top; the same order in all three figures.
std::vector<RankedService> busiest_first(const Levels& levels) {
  std::vector<RankedService> ranked;
  for (const auto& [service, values] : levels.services)
    ranked.push_back({service, &values, peak_of(levels.x, values.busy_share).value});
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.busy_peak > b.busy_peak; });
  if (ranked.size() > kLanes) ranked.resize(kLanes);
  return ranked;
}

bool saturated(const Facts& facts, const std::string& service) {
  return std::any_of(facts.summary.nodes.begin(), facts.summary.nodes.end(), [&service](const auto& node) {
    return node.second.service == service && node.second.saturated_at_s >= 0;
  });
}

Markup busy_figure(const Facts& facts, const Levels& levels, const std::vector<RankedService>& ranked, Charts& charts) {
  LanesFigure figure{.id = "busy",
                     .note = "Dotted: 90 %. \xE2\x96\xB2: saturated.",
                     .unit = "%",
                     .digits = 0,
                     .max = 100,
                     .x = levels.x};
  figure.limit = Limit{100 * kSaturatedShare, "90 %"};
  for (const auto& [service, values, top] : ranked) {
    const Peak peak = peak_of(levels.x, values->busy_share);
    if (!peak.seen) continue;
    LanesFigure::Lane lane{.name = service, .alarm = saturated(facts, service)};
    lane.peak = (lane.alarm ? "\xE2\x96\xB2 " : "") + percent(peak.value) + " at " + at_time(peak.t_s);
    for (const double share : values->busy_share) lane.values.push_back(share * 100);
    figure.max = std::max(figure.max, peak.value * 100);
    if (figure.lanes.empty())
      figure.finding =
          fmt::format("Workers: {} was the busiest, {} at {}.", service, percent(peak.value), at_time(peak.t_s));
    figure.lanes.push_back(std::move(lane));
  }
  return figure.lanes.empty() ? Markup{} : charts.add(figure);
}

// Queue and CPU: one scale over all lanes, named for the service with the highest peak.
Markup level_figure(const Levels& levels, const std::vector<RankedService>& ranked, Charts& charts, LanesFigure figure,
                    std::vector<double> ServiceLevels::*field, const char* quiet, const char* finding) {
  figure.x = levels.x;
  figure.max = 0;
  std::string highest;
  Peak top;
  for (const RankedService& entry : ranked) {
    const auto& values = entry.levels->*field;
    const Peak peak = peak_of(levels.x, values);
    if (!peak.seen) continue;
    figure.lanes.push_back(
        {.name = entry.service,
         .peak = peak.value > 0 ? fixed(peak.value, figure.digits) + " at " + at_time(peak.t_s) : "0",
         .values = values});
    if (!top.seen || peak.value > top.value) top = peak, highest = entry.service;
  }
  if (figure.lanes.empty()) return {};
  figure.max = top.value > 0 ? top.value : 1;
  figure.finding = top.value > 0
                       ? fmt::format(fmt::runtime(finding), highest, fixed(top.value, figure.digits), at_time(top.t_s))
                       : quiet;
  return charts.add(figure);
}

}  // namespace

MaybeSection watermarks_section(const Facts& facts, Charts& charts) {
  const Levels levels = levels_of(facts.input.run.watermarks);
  if (levels.x.size() < 2) return std::nullopt;
  const auto ranked = busiest_first(levels);
  Markup body = "<p class=\"lead\">"_html;
  if (!facts.summary.first_saturated.empty())
    body += "First to saturate: "_html + name(facts.summary.first_saturated) + ". "_html;
  else
    body += "No resource was saturated. "_html;
  body += "Of a service's nodes the fullest counts; all charts share one time axis."_html;
  if (levels.services.size() > ranked.size())
    body += text(fmt::format(" The {} busiest of {} services are drawn.", ranked.size(), levels.services.size()));
  body += "</p><div class=\"figures three\">"_html;
  body += busy_figure(facts, levels, ranked, charts);
  body +=
      level_figure(levels, ranked, charts,
                   {.id = "queue", .note = "Longest queue of a node in each second.", .unit = "requests", .digits = 0},
                   &ServiceLevels::queued, "Queues: nobody had to wait for a worker.",
                   "Queues: the longest was at {}, {} requests at {}.");
  body += level_figure(levels, ranked, charts,
                       {.id = "cpu", .note = "CPU of the node that used most.", .unit = "cores", .digits = 2},
                       &ServiceLevels::cpu, "CPU: no node used any.", "CPU: {} used most, {} cores at {}.");
  return Section{"watermarks", "Watermarks over time", body + "</div>"_html};
}

MaybeSection nodes_section(const Facts& facts) {
  if (facts.summary.nodes.empty()) return std::nullopt;
  Table table("Highest level of each resource in the run, and when", {{"Node"},
                                                                      {"Service"},
                                                                      {"Busy", true},
                                                                      {"at", true},
                                                                      {"CPU of a core", true},
                                                                      {"Queue", true},
                                                                      {"Refused", true},
                                                                      {"Saturated"},
                                                                      {"Missed samples", true}});
  for (const auto& [node, s] : facts.summary.nodes) {
    const Markup when = s.saturated_at_s < 0 ? "<span class=\"muted\">never</span>"_html
                                             : verdict_tag("fail", "from " + at_time(s.saturated_at_s)) + " "_html +
                                                   name(s.saturated_by);
    table.row({name(node), name(s.service), text(percent(s.busy_share_max)), text(at_time(s.busy_share_max_t_s)),
               text(percent(s.cpu_share_max)), text(count(s.queued_max)), text(count(s.refused)), when,
               text(count(s.missed_samples))});
  }
  return Section{"nodes", "High-water marks by node", table.markup("High-water marks by node")};
}

}  // namespace tidemark::report
