// Why to believe the page: the shadow audit, the quality of the data, and how each number was computed.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

// Seconds without a line among the recorded ones.
std::uint64_t missing_seconds(const record::RunRecord& run) {
  std::set<std::int64_t> seen;
  for (const auto& point : run.series) {
    if (point.step.empty()) seen.insert(std::llround(point.t_s));
  }
  if (seen.empty()) return 0;
  return static_cast<std::uint64_t>(*seen.rbegin() - *seen.begin() + 1) - seen.size();
}

void method_row(Markup& out, const char* term, const char* words) {
  out += definition(term, text(words));
}

}  // namespace

MaybeSection audit_section(const Facts& facts) {
  const Summary& s = facts.summary;
  if (!s.audited && s.leaks.empty()) return std::nullopt;
  Markup body = "<p>"_html;
  if (s.leaks.empty()) {
    body +=
        verdict_tag("pass", "0 leaks") +
        " Every payload in every store was scanned for this run's tag, ignoring names and prefixes: no test data in live places, no live data in shadow ones.</p>\n"_html;
    return Section{"audit", "Shadow audit", body};
  }
  body += verdict_tag("fail", counted(s.leaks.size(), "leak")) +
          " Test data was found where live data belongs, or the reverse.</p>\n"_html;
  Table table("Leaks", {{"Where"}, {"What"}});
  for (const Leak& leak : s.leaks) table.row({name(leak.where), name(leak.what)});
  return Section{"audit", "Shadow audit", body + table.markup("Leaks")};
}

MaybeSection quality_section(const Facts& facts) {
  const auto& run = facts.input.run;
  std::uint64_t missed = 0;
  for (const auto& sample : run.watermarks) missed += sample.missed ? 1 : 0;
  Table table("", {{"What"}, {"Found"}});
  table.row({text("Record"), text(facts.partial() ? "partial" : "whole, every checksum held")});
  table.row({text("Seconds recorded"), text(fmt::format("{}, of them missing {}", seconds(facts.summary.duration_s),
                                                        count(missing_seconds(run))))});
  table.row({text("Watermark samples"),
             text(fmt::format("{}, of them missed {}", count(run.watermarks.size()), count(missed)))});
  if (const Quantiles& floor = facts.summary.timer_floor_us; floor.count > 0) {
    const Quantiles& lag = facts.summary.clocks.lag_us;
    table.row({text("Send lag, against the timer floor probed between the sends"),
               text(fmt::format("p50 {:.0f} against {:.0f} us, p99 {:.0f} against {:.0f} us", lag.p50, floor.p50,
                                lag.p99, floor.p99))});
  }
  table.row({text("Spans in the topology"), text(count(facts.input.spans.size()))});
  if (facts.input.model) {
    std::string runs;
    for (const auto& id : facts.input.model->run_ids) runs += (runs.empty() ? "" : ", ") + id;
    table.row({text("Calibration runs of the model"), name(runs.empty() ? "none" : runs)});
  }
  for (const auto& damage : run.damage) table.row({text("Damage"), name(damage)});
  return Section{"quality", "Data quality", table.markup("Data quality")};
}

MaybeSection method_section(const Facts& facts) {
  Markup out = "<dl class=\"card-list method\">\n"_html;
  method_row(out, "Three clocks",
             "Response time runs from the planned start to the last byte, service time from the real send; lag is the "
             "difference. A server that stalls therefore shows in every request that was due meanwhile.");
  method_row(
      out, "Percentiles",
      "From HDR histograms with three significant digits (error at most 0.1 %), merged exactly; never averaged.");
  method_row(out, "Charts",
             "At most 1,800 points a line; where several seconds share a point, latencies and levels keep their "
             "maximum, rates their mean.");
  method_row(out, "Watermarks",
             "Nodes export monotone integrals of busy workers, waiting requests and CPU; a level is their difference "
             "over the scrape's real interval. Saturated: busy at least 90 % for 3 s, or waiting above service.");
  if (facts.input.model) {
    method_row(out, "Demand",
               "Utilisation law: worker-seconds per flow = busy integral / completed flows, from measurements only; "
               "nothing a topology declares is read.");
    method_row(out, "Capacity curves",
               "Linear, Amdahl, universal scalability and pool-limited laws by least squares, compared by AICc and by "
               "what the watermarks say saturated. Intervals are two-sided 95 %, t with n - k degrees of freedom.");
  }
  if (facts.input.plan) {
    method_row(out, "Plan",
               "The least nodes at which every step's predicted quantile keeps the limit at the target rate; then the "
               "same for the rate with headroom.");
    method_row(out, "Verification",
               "The stack at the planned size under the target rate. Interval of the measured quantile by batch means; "
               "held or missed when the interval is clear of the limit, else undecided.");
  }
  return Section{"method", "How each number was computed", out + "</dl>"_html};
}

}  // namespace tidemark::report
