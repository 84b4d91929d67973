#include "reports/page/figure.h"

#include <fmt/format.h>

#include <cmath>

#include "reports/numbers.h"

namespace tidemark::report {
namespace {

using nlohmann::json;

const char* dash_name(Dash dash) {
  switch (dash) {
    case Dash::dashed:
      return "dashed";
    case Dash::dotted:
      return "dotted";
    case Dash::dashdot:
      return "dashdot";
    case Dash::solid:
      break;
  }
  return "solid";
}

// Numbers for drawing need no more than five significant digits: that is a hundredth of a pixel, and a third of the
// bytes.
double drawn(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

json numbers(const std::vector<double>& values) {
  json out = json::array();
  for (const double value : values) {
    if (!std::isfinite(value))
      out.push_back(nullptr);
    else if (const double rounded = drawn(value); rounded == std::floor(rounded) && std::abs(rounded) < 1e9) {
      out.push_back(static_cast<std::int64_t>(rounded));
    } else {
      out.push_back(rounded);
    }
  }
  return out;
}

json points(const Points& list) {
  json out = json::array();
  for (const auto& [x, y] : list) out.push_back(numbers({x, y}));
  return out;
}

json times(const std::vector<double>& x) {
  std::vector<double> rounded;
  rounded.reserve(x.size());
  for (const double t : x) rounded.push_back(std::round(t * 100) / 100);
  json out = json::array();
  for (const double t : rounded) {
    if (t == std::floor(t))
      out.push_back(static_cast<std::int64_t>(t));
    else
      out.push_back(t);
  }
  return out;
}

json limit_json(const Limit& limit) {
  return {{"value", limit.value}, {"label", limit.label}};
}

Markup figure(const std::string& id, const std::string& finding, const std::string& note, const Markup& table) {
  Markup out = "<figure id=\"figure-"_html + text(id) + "\"><figcaption>"_html + text(finding) + "</figcaption>\n"_html;
  if (!note.empty()) out += "<p class=\"note\">"_html + text(note) + "</p>\n"_html;
  out += "<div class=\"plot\" id=\"plot-"_html + text(id) + "\" role=\"img\" aria-label=\"Chart: "_html +
         text(finding) + " Arrow keys read its values; its data table follows.\" hidden></div>\n"_html +
         "<details class=\"data\" open><summary>Data table</summary>\n"_html + table + "</details></figure>\n"_html;
  return out;
}

// "Each row covers 2 s" where rows stand for several points.
std::string coverage(const std::vector<double>& x, const Groups& groups, bool has_mean) {
  if (groups.width <= 1 || x.size() < 2) return {};
  const double length = x[groups.width] - x[0];
  return fmt::format("Each row covers {}: the highest value in it{}.", seconds(length),
                     has_mean ? ", of rates the mean" : "");
}

Markup number_or_none(double value, int digits) {
  return std::isfinite(value) ? text(fixed(value, digits)) : "<span class=\"muted\">no sample</span>"_html;
}

}  // namespace

Markup Charts::add(const TimeFigure& f) {
  const Groups drawn_groups = group_points(f.x.size(), points_for(f.lines.size()));
  json chart = {{"kind", "time"},          {"id", f.id},
                {"xLabel", "time"},        {"yLabel", f.unit},
                {"digits", f.digits},      {"x", times(group_starts(f.x, drawn_groups))},
                {"series", json::array()}, {"marks", json::array()}};
  if (f.limit) chart["limit"] = limit_json(*f.limit);
  for (const auto& [t, label] : f.marks) chart["marks"].push_back({{"t", t}, {"label", label}});

  const Groups rows = group_points(f.x.size(), kTableRows);
  std::vector<Column> columns = {{"from", true}};
  std::vector<std::vector<double>> cells;
  bool has_mean = false;
  for (const Line& line : f.lines) {
    chart["series"].push_back({{"name", line.name},
                               {"dash", dash_name(line.dash)},
                               {"tone", line.tone},
                               {"area", line.area},
                               {"y", numbers(reduce(line.values, drawn_groups, line.reduce))}});
    columns.push_back({line.name + ", " + f.unit, true});
    cells.push_back(reduce(line.values, rows, line.reduce));
    has_mean = has_mean || line.reduce == Reduce::mean;
  }
  charts_.push_back(std::move(chart));

  Table table(coverage(f.x, rows, has_mean), columns);
  for (std::size_t row = 0; row < rows.starts.size(); ++row) {
    std::vector<Markup> line = {text(at_time(f.x[rows.starts[row]]))};
    for (const auto& column : cells) line.push_back(number_or_none(column[row], f.digits));
    table.row(line);
  }
  return figure(f.id, f.finding, f.note, table.markup("Data: " + f.finding));
}

Markup Charts::add(const LanesFigure& f) {
  const Groups drawn_groups = group_points(f.x.size(), points_for(f.lanes.size() * 3));
  json chart = {{"kind", "lanes"},
                {"id", f.id},
                {"xLabel", "time"},
                {"yLabel", f.unit},
                {"digits", f.digits},
                {"max", f.max},
                {"x", times(group_starts(f.x, drawn_groups))},
                {"lanes", json::array()}};
  if (f.limit) chart["limit"] = limit_json(*f.limit);
  const Groups rows = group_points(f.x.size(), kTableRows);
  std::vector<Column> columns = {{"from", true}};
  std::vector<std::vector<double>> cells;
  for (const LanesFigure::Lane& lane : f.lanes) {
    chart["lanes"].push_back({{"name", lane.name},
                              {"peak", lane.peak},
                              {"alarm", lane.alarm},
                              {"y", numbers(reduce(lane.values, drawn_groups, Reduce::max))}});
    columns.push_back({lane.name, true});
    cells.push_back(reduce(lane.values, rows, Reduce::max));
  }
  charts_.push_back(std::move(chart));

  std::string caption = "In " + f.unit + ". " + coverage(f.x, rows, false);
  Table table(caption, columns);
  for (std::size_t row = 0; row < rows.starts.size(); ++row) {
    std::vector<Markup> line = {text(at_time(f.x[rows.starts[row]]))};
    for (const auto& column : cells) line.push_back(number_or_none(column[row], f.digits));
    table.row(line);
  }
  return figure(f.id, f.finding, f.note, table.markup("Data: " + f.finding));
}

Markup Charts::add(const CurveFigure& f) {
  json chart = {{"kind", "curve"},    {"id", f.id},      {"xLabel", f.x_label},    {"yLabel", f.unit},
                {"digits", f.digits}, {"yLog", f.y_log}, {"lines", json::array()}, {"dots", json::array()}};
  if (!f.x_ticks.empty()) chart["xTicks"] = f.x_ticks;
  if (f.limit) chart["limit"] = limit_json(*f.limit);
  for (const CurveFigure::Curve& curve : f.curves) {
    chart["lines"].push_back({{"name", curve.name},
                              {"dash", dash_name(curve.dash)},
                              {"tone", curve.tone},
                              {"points", points(curve.points)}});
  }
  if (!f.band_low.empty()) chart["band"] = {{"low", points(f.band_low)}, {"high", points(f.band_high)}};
  for (const CurveFigure::Dots& dots : f.dots) {
    chart["dots"].push_back(
        {{"name", dots.name}, {"symbol", dots.symbol}, {"tone", dots.tone}, {"points", points(dots.points)}});
  }
  charts_.push_back(std::move(chart));
  return figure(f.id, f.finding, f.note, f.table);
}

std::string Charts::data() const {
  // `replace`: foreign names may hold bytes that are not UTF-8.
  const json page = {{"schema", "tidemark.page/1"}, {"charts", charts_}};
  return script_safe(page.dump(-1, ' ', true, json::error_handler_t::replace));
}

}  // namespace tidemark::report
