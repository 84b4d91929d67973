// Offered and achieved rate, and the three clocks: over time, as percentiles, as a curve.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

using record::SeriesPoint;

constexpr std::size_t kMarks = 12;

std::vector<const SeriesPoint*> totals(const Facts& facts) {
  std::vector<const SeriesPoint*> out;
  for (const SeriesPoint& point : facts.input.run.series) {
    if (point.step.empty()) out.push_back(&point);
  }
  return out;
}

template <class Field>
std::vector<double> column(const std::vector<const SeriesPoint*>& points, Field field) {
  std::vector<double> out;
  out.reserve(points.size());
  for (const SeriesPoint* point : points) out.push_back(field(*point));
  return out;
}

std::vector<std::pair<double, std::string>> stage_marks(const Facts& facts) {
  std::vector<std::pair<double, std::string>> marks;
  for (const auto& event : facts.input.run.events) {
    if (event.kind == "stage" && event.t_s > 0 && marks.size() < kMarks)
      marks.emplace_back(event.t_s, fmt::format("stage {}", marks.size() + 2));
  }
  return marks;
}

std::string rate_finding(const Facts& facts) {
  const Summary& s = facts.summary;
  if (s.offered_rate <= 0) return fmt::format("{} requests/s were achieved.", rate(s.achieved_rate));
  const double share = s.achieved_rate / s.offered_rate;
  if (share >= 0.99)
    return fmt::format("The achieved rate kept up with the offered one: {} of {} requests/s.", rate(s.achieved_rate),
                       rate(s.offered_rate));
  return fmt::format("The achieved rate fell short: {} of the {} requests/s offered ({}).", rate(s.achieved_rate),
                     rate(s.offered_rate), percent(share));
}

std::string clocks_finding(const std::vector<double>& x, const std::vector<double>& p99, double lag_p99) {
  std::vector<double> sorted;
  std::size_t worst = 0;
  for (std::size_t i = 0; i < p99.size(); ++i) {
    if (p99[i] > 0) sorted.push_back(p99[i]);
    if (p99[i] > p99[worst]) worst = i;
  }
  if (sorted.empty()) return "No request was answered.";
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
  return fmt::format(
      "The p99 of response time peaked at {} ms, {} into the run; in the median second it was {} ms. Lag of the "
      "generator: {} at p99.",
      millis(p99[worst] * 1000), at_time(x[worst]), millis(sorted[sorted.size() / 2] * 1000), duration_us(lag_p99));
}

Histogram merged(const Facts& facts, Histogram record::WindowRecord::*clock) {
  Histogram all;
  const auto& run = facts.input.run;
  for (const auto& window : run.seconds.empty() ? run.windows : run.seconds) all.add(window.*clock);
  return all;
}

// x = the number of nines (0: p0, 1: p90, 2: p99, ...): equal steps towards the tail.
Points percentile_points(const Histogram& histogram, double last_nine) {
  Points points;
  if (histogram.total() == 0) return points;
  for (int i = 0; i <= static_cast<int>(last_nine * 20 + 0.5); ++i) {
    const double nines = i / 20.0;
    const double value = static_cast<double>(histogram.quantile(1 - std::pow(10, -nines))) / 1000;
    points.emplace_back(nines, std::max(value, 0.001));  // a logarithmic axis has no zero
  }
  return points;
}

void clock_row(Table& table, const char* title, const Quantiles& q) {
  table.row({text(title), text(count(q.count)), text(millis(q.p50)), text(millis(q.p90)), text(millis(q.p95)),
             text(millis(q.p99)), text(millis(q.p999)), text(millis(q.max)), text(millis(q.mean))});
}

Markup percentile_figure(const Facts& facts, Charts& charts) {
  const Histogram response = merged(facts, &record::WindowRecord::response);
  if (response.total() == 0) return {};
  const Histogram service = merged(facts, &record::WindowRecord::service),
                  lag = merged(facts, &record::WindowRecord::lag);
  const double nines = std::clamp(std::ceil(std::log10(static_cast<double>(response.total()))), 1.0, 5.0);
  CurveFigure figure{.id = "percentiles", .x_label = "percentile", .unit = "ms", .digits = 2, .y_log = true};
  figure.finding = fmt::format("Half of all requests were answered within {}, 99 % within {}, all within {}.",
                               duration_us(static_cast<double>(response.quantile(0.5))),
                               duration_us(static_cast<double>(response.quantile(0.99))),
                               duration_us(static_cast<double>(response.max())));
  figure.x_ticks = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"};
  figure.x_ticks.resize(static_cast<std::size_t>(nines) + 1);
  figure.curves = {{"response", percentile_points(response, nines), Dash::solid, 0},
                   {"service", percentile_points(service, nines), Dash::dashed, 1},
                   {"lag", percentile_points(lag, nines), Dash::dotted, 2}};
  Table table("Milliseconds within which a share of all requests was answered",
              {{"Share of requests", true}, {"Response", true}, {"Service", true}, {"Lag", true}});
  for (const double q : {0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 0.99999, 1.0}) {
    table.row({text(fmt::format("{:.6g} %", q * 100)), text(millis(static_cast<double>(response.quantile(q)))),
               text(millis(static_cast<double>(service.quantile(q)))),
               text(millis(static_cast<double>(lag.quantile(q))))});
  }
  figure.table = table.markup("Percentiles of the three clocks");
  return charts.add(figure);
}

}  // namespace

MaybeSection load_section(const Facts& facts, Charts& charts) {
  const auto points = totals(facts);
  if (points.empty()) return std::nullopt;
  TimeFigure figure{.id = "rate", .finding = rate_finding(facts), .unit = "per second", .digits = 0};
  figure.x = column(points, [](const SeriesPoint& p) { return p.t_s; });
  const auto planned = column(points, [](const SeriesPoint& p) { return static_cast<double>(p.flows.planned); });
  const auto completed = column(points, [](const SeriesPoint& p) { return static_cast<double>(p.flows.completed); });
  const auto ok = column(points, [](const SeriesPoint& p) { return static_cast<double>(p.requests.ok); });
  const auto bad = column(
      points, [](const SeriesPoint& p) { return static_cast<double>(p.requests.failed + p.requests.timed_out); });
  figure.lines = {{"flows offered", planned, Reduce::mean, Dash::dashed, 1},
                  {"flows completed", completed, Reduce::mean, Dash::solid, 0}};
  const auto sum = [](const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); };
  // Flows of one step each would draw the same line twice.
  if (std::abs(sum(ok) - sum(completed)) > 0.02 * sum(completed))
    figure.lines.push_back({"requests ok", ok, Reduce::mean, Dash::dashdot, 2});
  if (std::any_of(bad.begin(), bad.end(), [](double n) { return n > 0; }))
    figure.lines.push_back({"requests failed or timed out", bad, Reduce::mean, Dash::dotted, 4});
  figure.marks = stage_marks(facts);
  return Section{"load", "Offered and achieved rate", charts.add(figure)};
}

MaybeSection clocks_section(const Facts& facts, Charts& charts) {
  const ThreeClocks& clocks = facts.summary.clocks;
  if (clocks.response_us.count == 0) return std::nullopt;
  Markup body =
      "<p class=\"lead\">Response counts from the planned start, service from the send; lag is the time between the two.</p>"_html;
  Table table("Milliseconds", {{"Clock"},
                               {"Requests", true},
                               {"p50", true},
                               {"p90", true},
                               {"p95", true},
                               {"p99", true},
                               {"p99.9", true},
                               {"max", true},
                               {"mean", true}});
  clock_row(table, "Response", clocks.response_us);
  clock_row(table, "Service", clocks.service_us);
  clock_row(table, "Lag", clocks.lag_us);
  body += table.markup("Percentiles of the three clocks");

  const auto points = totals(facts);
  if (!points.empty()) {
    TimeFigure figure{.id = "clocks", .unit = "ms", .digits = 2};
    figure.x = column(points, [](const SeriesPoint& p) { return p.t_s; });
    const auto response = column(points, [](const SeriesPoint& p) { return p.clocks.response_us.p99 / 1000; });
    figure.finding = clocks_finding(figure.x, response, clocks.lag_us.p99);
    figure.lines = {
        {"response p99", response, Reduce::max, Dash::solid, 0, true},
        {"service p99", column(points, [](const SeriesPoint& p) { return p.clocks.service_us.p99 / 1000; }),
         Reduce::max, Dash::dashed, 1},
        {"response p50", column(points, [](const SeriesPoint& p) { return p.clocks.response_us.p50 / 1000; }),
         Reduce::max, Dash::dashdot, 3},
        {"lag p99", column(points, [](const SeriesPoint& p) { return p.clocks.lag_us.p99 / 1000; }), Reduce::max,
         Dash::dotted, 2}};
    if (facts.input.plan) {
      const auto& slo = facts.input.plan->request.slo;
      figure.limit = Limit{slo.limit_us / 1000, quantile_name(slo.quantile) + " limit " + limit_us(slo.limit_us)};
    }
    figure.marks = stage_marks(facts);
    body += charts.add(figure);
  }
  body += percentile_figure(facts, charts);
  return Section{"clocks", "Three clocks", body};
}

}  // namespace tidemark::report
