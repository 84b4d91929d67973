// The plan with its reasons, and how it fared when it was run.
#include <fmt/format.h>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

using capacity::Plan;
using capacity::PredictedStep;
using capacity::Verification;

Markup predicted_table(const std::string& caption, const std::vector<PredictedStep>& steps,
                       const std::string& quantile) {
  if (steps.empty()) return {};
  Table table(caption, {{"Step"},
                        {"p50, ms", true},
                        {"p95, ms", true},
                        {"p99, ms", true},
                        {quantile + " with interval, ms", true},
                        {"Limit"}});
  for (const PredictedStep& step : steps) {
    const std::string interval = millis_interval(step.quantile_us);
    table.row({name(step.step), text(millis(step.p50_us)), text(millis(step.p95_us)), text(millis(step.p99_us)),
               text(millis(step.quantile_us.value) + (interval.empty() ? "" : " (" + interval + ")")),
               step.holds ? verdict_tag("pass", "held") : verdict_tag("fail", "missed")});
  }
  return table.markup(caption);
}

std::string run_words(const Verification& v) {
  std::string nodes;
  for (const auto& [service, number] : v.nodes)
    nodes += fmt::format("{}{} {}", nodes.empty() ? "" : ", ", service, number);
  return fmt::format("{}: {} flows/s offered, {} achieved. Nodes: {}.",
                     v.one_less ? "One node less on the bottleneck" : "As planned, before headroom", rate(v.rate),
                     rate(v.achieved_rate), nodes);
}

// For one node less the verification passes when the limit is missed: what was expected. The reader wants to know which
// it was.
Markup run_tag(const Verification& v) {
  if (!v.one_less) return verdict_tag(v.verdict);
  if (missed_limit(v)) return verdict_tag("", "missed, as expected");
  return held_limit(v) ? verdict_tag("undecided", "held: the plan is generous") : verdict_tag("undecided");
}

Markup slo_tag(const std::string& slo) {
  if (slo == "held") return verdict_tag("pass", "held");
  if (slo == "missed") return verdict_tag("fail", "missed");
  return verdict_tag("undecided", slo);
}

}  // namespace

MaybeSection plan_section(const Facts& facts) {
  if (!facts.input.plan) return std::nullopt;
  const Plan& plan = *facts.input.plan;
  const std::string quantile = quantile_name(plan.request.slo.quantile);
  std::string mix;
  for (const auto& [flow, weight] : plan.request.mix)
    mix += fmt::format("{}{} {:.3g}", mix.empty() ? "" : ", ", flow, weight);
  Markup body = "<p class=\"lead\">"_html +
                name(fmt::format("For {} flows/s{}, {} of every step within {}, then {} headroom.",
                                 rate(plan.request.rate), mix.empty() ? "" : " (mix " + mix + ")", quantile,
                                 limit_us(plan.request.slo.limit_us), percent(plan.request.headroom))) +
                "</p>"_html;
  Table table("Nodes per service", {{"Service"},
                                    {"Before headroom", true},
                                    {"With headroom", true},
                                    {"Requests/s", true},
                                    {"Busy", true},
                                    {"Admission limit, requests/s", true},
                                    {"Burst", true},
                                    {"Reason"}});
  for (const auto& [service, p] : plan.services) {
    const auto limit = plan.limits.find(service);
    const bool limited = limit != plan.limits.end();
    Markup label = name(service);
    if (service == plan.bottleneck) label += " <span class=\"tag\">bottleneck</span>"_html;
    table.row({label, text(count(p.nodes_before_headroom)), text(count(p.nodes)), text(rate(p.requests_per_second)),
               text(percent(p.busy_share)), limited ? text(rate(limit->second.rate)) : text("none"),
               limited ? text(rate(limit->second.burst)) : text("none"), name(p.reason)});
  }
  body += table.markup("Plan");
  body += "<h3>Predicted response times</h3>"_html +
          predicted_table("At the planned nodes, before headroom", plan.predicted, quantile);
  body += predicted_table("With one " + plan.bottleneck + " node less", plan.predicted_less, quantile);
  return Section{"plan", "Plan", body};
}

MaybeSection verification_section(const Facts& facts) {
  if (facts.input.verifications.empty()) return std::nullopt;
  const std::string quantile = facts.input.plan ? quantile_name(facts.input.plan->request.slo.quantile) : "Quantile";
  Markup body;
  for (const Verification& v : facts.input.verifications) {
    body += "<h3>"_html + name(run_words(v)) + " "_html + run_tag(v) + "</h3>"_html;
    Table table(v.run_id.empty() ? "" : "Run " + v.run_id, {{"Step"},
                                                            {quantile + " predicted, ms", true},
                                                            {"measured, ms", true},
                                                            {"95 % interval", true},
                                                            {"Error of the prediction", true},
                                                            {"Limit"}});
    for (const auto& step : v.steps) {
      table.row({name(step.step), text(millis(step.predicted_us)), text(millis(step.measured_us.value)),
                 text(millis_interval(step.measured_us)), text(signed_percent(step.error)), slo_tag(step.slo)});
    }
    body += table.markup(v.one_less ? "Verification with one node less" : "Verification of the plan");
    for (const auto& note : v.notes) body += "<p class=\"muted\">"_html + name(note) + "</p>"_html;
  }
  return Section{"verification", "Verification", body};
}

}  // namespace tidemark::report
