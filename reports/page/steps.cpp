// Per step, and what went wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

constexpr std::size_t kStepLines = 5;  // more lines than that cannot be told apart; the table has them all

using StepEntry = std::pair<const std::string, StepSummary>;

std::vector<const StepEntry*> slowest_first(const Summary& summary) {
  std::vector<const StepEntry*> steps;
  for (const auto& entry : summary.by_step) steps.push_back(&entry);
  std::stable_sort(steps.begin(), steps.end(), [](const auto* a, const auto* b) {
    return a->second.clocks.response_us.p99 > b->second.clocks.response_us.p99;
  });
  return steps;
}

Markup steps_figure(const Facts& facts, const std::vector<const StepEntry*>& steps, Charts& charts) {
  TimeFigure figure{.id = "steps", .unit = "ms", .digits = 2};
  std::map<double, std::size_t> row_of;
  for (const auto& point : facts.input.run.series) {
    if (!point.step.empty()) row_of.emplace(point.t_s, 0);
  }
  if (row_of.empty()) return {};
  for (auto& [t, row] : row_of) {
    row = figure.x.size();
    figure.x.push_back(t);
  }
  constexpr Dash dashes[] = {Dash::solid, Dash::dashed, Dash::dashdot, Dash::dotted, Dash::solid};
  std::map<std::string, std::size_t> line_of;
  for (std::size_t i = 0; i < std::min(steps.size(), kStepLines); ++i) {
    line_of[steps[i]->first] = i;
    figure.lines.push_back({steps[i]->first,
                            std::vector<double>(figure.x.size(), std::numeric_limits<double>::quiet_NaN()), Reduce::max,
                            dashes[i], static_cast<int>(i)});
  }
  for (const auto& point : facts.input.run.series) {
    const auto line = line_of.find(point.step);
    if (line == line_of.end() || point.clocks.response_us.count == 0) continue;
    figure.lines[line->second].values[row_of.at(point.t_s)] = point.clocks.response_us.p99 / 1000;
  }
  const auto& worst = *steps.front();
  figure.finding =
      steps.size() == 1
          ? fmt::format("{}: p99 of response time {}.", worst.first, duration_us(worst.second.clocks.response_us.p99))
          : fmt::format("{} is the slowest of {} steps: p99 {}, against {} for {}.", worst.first, steps.size(),
                        duration_us(worst.second.clocks.response_us.p99),
                        duration_us(steps[1]->second.clocks.response_us.p99), steps[1]->first);
  if (steps.size() > kStepLines)
    figure.note = fmt::format("The {} slowest are drawn; the table above has all {}.", kStepLines, steps.size());
  return charts.add(figure);
}

}  // namespace

MaybeSection steps_section(const Facts& facts, Charts& charts) {
  const auto steps = slowest_first(facts.summary);
  if (steps.empty()) return std::nullopt;
  Table table("Response and service time in milliseconds, slowest first", {{"Step"},
                                                                           {"Started", true},
                                                                           {"Ok", true},
                                                                           {"Failed", true},
                                                                           {"Timed out", true},
                                                                           {"Response p50", true},
                                                                           {"p95", true},
                                                                           {"p99", true},
                                                                           {"p99.9", true},
                                                                           {"max", true},
                                                                           {"Service p99", true}});
  const auto row = [&table](const Markup& title, const RequestBook& r, const ThreeClocks& c, bool total) {
    table.row({title, text(count(r.started)), text(count(r.ok)), text(count(r.failed)), text(count(r.timed_out)),
               text(millis(c.response_us.p50)), text(millis(c.response_us.p95)), text(millis(c.response_us.p99)),
               text(millis(c.response_us.p999)), text(millis(c.response_us.max)), text(millis(c.service_us.p99))},
              total);
  };
  for (const auto* step : steps) row(name(step->first), step->second.requests, step->second.clocks, false);
  if (steps.size() > 1) row(text("all steps"), facts.summary.requests, facts.summary.clocks, true);
  return Section{"steps", "By step", table.markup("By step") + steps_figure(facts, steps, charts)};
}

MaybeSection errors_section(const Facts& facts) {
  if (facts.summary.errors.empty()) return std::nullopt;
  std::vector<std::pair<std::string, std::uint64_t>> errors(facts.summary.errors.begin(), facts.summary.errors.end());
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::uint64_t all = 0;
  for (const auto& [kind, number] : errors) all += number;
  Table table("Most frequent first",
              {{"Error"}, {"Count", true}, {"Share of errors", true}, {"Share of requests", true}});
  const auto share = [](std::uint64_t part, std::uint64_t whole) {
    return text(percent(static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(1, whole))));
  };
  for (const auto& [kind, number] : errors)
    table.row({name(kind), text(count(number)), share(number, all), share(number, facts.summary.requests.started)});
  return Section{"errors", "Errors", table.markup("Errors")};
}

}  // namespace tidemark::report
