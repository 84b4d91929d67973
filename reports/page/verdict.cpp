// The first screen: the answer, the numbers behind it, the nodes to run, and what to know before signing.
#include <fmt/format.h>

#include <algorithm>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

// A number with its unit in small print, and one line of context.
Markup fact(std::string_view term, std::string_view figure, std::string_view detail) {
  const std::size_t space = figure.find(' ');
  const bool unit =
      space != std::string_view::npos && !figure.empty() && figure.front() >= '0' && figure.front() <= '9';
  if (unit) {
    return definition(term, "<span class=\"figure\">"_html + text(figure.substr(0, space)) + " <small>"_html +
                                text(figure.substr(space + 1)) + "</small></span> <span class=\"detail\">"_html +
                                text(detail) + "</span>"_html);
  }
  return definition(term, "<span class=\"figure\">"_html + name(figure) + "</span> <span class=\"detail\">"_html +
                              text(detail) + "</span>"_html);
}

Markup seal(std::string_view verdict) {
  Markup path;
  if (verdict == "pass")
    path = "<path d=\"M6 16.5l7 7L26 9\"/>"_html;
  else if (verdict == "fail")
    path = "<path d=\"M8 8l16 16M24 8L8 24\"/>"_html;
  else if (verdict == "undecided")
    path = "<path d=\"M11 11.5a5 5 0 1 1 7.4 4.4c-1.6 1-2.4 2-2.4 4.1M16 25.5v.1\"/>"_html;
  else
    path = "<path d=\"M8 16h16\"/>"_html;
  return "<div class=\"seal\" aria-hidden=\"true\"><svg viewBox=\"0 0 32 32\">"_html + path + "</svg></div>"_html;
}

const capacity::PredictedStep* slowest(const std::vector<capacity::PredictedStep>& steps) {
  const auto worst = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) {
    return a.quantile_us.value < b.quantile_us.value;
  });
  return worst == steps.end() ? nullptr : &*worst;
}

Markup plan_facts(const Facts& facts) {
  const capacity::Plan& plan = *facts.input.plan;
  const std::string quantile = quantile_name(plan.request.slo.quantile);
  Markup out = fact("Target rate", rate(plan.request.rate) + " flows/s",
                    facts.planned ? "achieved " + rate(facts.planned->achieved_rate)
                                  : "planned with " + percent(plan.request.headroom) + " headroom");
  out += fact("Service level, " + quantile, limit_us(plan.request.slo.limit_us), "at most, for every step");
  if (const auto* step = slowest(plan.predicted)) {
    const std::string interval = millis_interval(step->quantile_us);
    out += fact("Predicted " + quantile, duration_us(step->quantile_us.value),
                step->step + (interval.empty() ? "" : ", " + interval + " ms"));
  }
  if (facts.planned && !facts.planned->steps.empty()) {
    const auto worst =
        std::max_element(facts.planned->steps.begin(), facts.planned->steps.end(),
                         [](const auto& a, const auto& b) { return a.measured_us.value < b.measured_us.value; });
    const std::string interval = millis_interval(worst->measured_us);
    out += fact("Measured " + quantile, duration_us(worst->measured_us.value),
                worst->step + (interval.empty() ? "" : ", " + interval + " ms"));
  }
  const auto bottleneck = plan.services.find(plan.bottleneck);
  if (bottleneck != plan.services.end()) {
    out += fact("Bottleneck", plan.bottleneck,
                percent(bottleneck->second.busy_share) + " busy at " +
                    counted(bottleneck->second.nodes_before_headroom, "node"));
  }
  std::uint32_t bare = 0, with_headroom = 0;
  for (const auto& [service, counts] : plan.services) {
    bare += counts.nodes_before_headroom;
    with_headroom += counts.nodes;
  }
  return out + fact("Nodes to run", count(with_headroom),
                    fmt::format("{} hold it, plus {} headroom", bare, percent(plan.request.headroom)));
}

Markup run_facts(const Facts& facts) {
  const Summary& s = facts.summary;
  Markup out = fact("Offered rate", rate(s.offered_rate) + " requests/s", "planned");
  out += fact("Achieved rate", rate(s.achieved_rate) + " requests/s", "completed");
  out += fact("Response p99", duration_us(s.clocks.response_us.p99), "from the planned start");
  out += fact(
      "Answered well",
      percent(static_cast<double>(s.requests.ok) / static_cast<double>(std::max<std::uint64_t>(1, s.requests.started))),
      count(s.requests.ok) + " of " + count(s.requests.started));
  if (!s.first_saturated.empty()) out += fact("First to saturate", s.first_saturated, "of all resources watched");
  return out +
         fact("Validity", s.validity, s.validity == "valid" ? "the measurement can be trusted" : "no capacity number");
}

Markup nodes_to_run(const Facts& facts) {
  const capacity::Plan& plan = *facts.input.plan;
  const bool ran = !facts.nodes_run.empty();
  std::vector<Column> columns = {{"Service"}};
  if (ran) columns.push_back({"In this run", true});
  columns.insert(columns.end(), {{"Least that holds", true}, {"To run, with headroom", true}});
  if (ran) columns.push_back({"Change", true});
  Table table("", columns);
  for (const auto& [service, counts] : plan.services) {
    Markup label = name(service);
    if (service == plan.bottleneck) label += " <span class=\"tag\">bottleneck</span>"_html;
    std::vector<Markup> row = {label};
    const auto now = facts.nodes_run.find(service);
    if (ran) row.push_back(now == facts.nodes_run.end() ? text("\xE2\x80\x93") : text(count(now->second)));
    row.push_back(text(count(counts.nodes_before_headroom)));
    row.push_back("<strong>"_html + text(count(counts.nodes)) + "</strong>"_html);
    if (ran) {
      const auto change = now == facts.nodes_run.end() ? 0 : static_cast<std::int64_t>(counts.nodes) - now->second;
      row.push_back(change == 0 ? "<span class=\"muted\">none</span>"_html
                                : "<span class=\"up\">"_html + text(fmt::format("{:+}", change)) + "</span>"_html);
    }
    table.row(row);
  }
  return "<div><h3>Nodes to run</h3>"_html + table.markup("Nodes to run per service") + "</div>"_html;
}

Markup notes_list(const Facts& facts) {
  const auto notes = notes_of(facts);
  if (notes.empty()) return {};
  Markup out = "<div><h3>Before you sign</h3><ul class=\"notes\">\n"_html;
  for (const Note& note : notes) {
    if (note.kind == Note::Kind::warning)
      out += "<li class=\"warn\">"_html;
    else if (note.kind == Note::Kind::good)
      out += "<li class=\"good\">"_html;
    else
      out += "<li>"_html;
    out += name(note.words) + "</li>\n"_html;
  }
  return out + "</ul></div>"_html;
}

}  // namespace

Markup partial_banner(const Facts& facts) {
  if (!facts.partial()) return {};
  Markup out = "<div class=\"banner\" role=\"note\"><strong>PARTIAL RECORD</strong><p>"_html;
  out += text(
      fmt::format("The run was cut short or its record is damaged. What follows is the trustworthy part: {} of it.",
                  seconds(facts.summary.duration_s)));
  out += "</p>"_html;
  if (!facts.input.run.damage.empty()) {
    out += "<ul>"_html;
    for (const auto& damage : facts.input.run.damage) out += "<li>"_html + name(damage) + "</li>"_html;
    out += "</ul>"_html;
  }
  return out + "</div>\n"_html;
}

Markup verdict_panel(const Facts& facts) {
  const Answer answer = answer_of(facts);
  Markup out = "<section class=\"verdict "_html;
  out += text(answer.verdict.empty() ? "open" : answer.verdict) +
         "\" id=\"verdict\" aria-labelledby=\"question\"><div class=\"answer\">"_html;
  out += seal(answer.verdict) + "<div><h2 id=\"question\">Will it hold?</h2><p class=\"headline\">"_html +
         name(answer.headline) + "</p>"_html;
  if (!answer.because.empty()) out += "<p class=\"because\">"_html + name(answer.because) + "</p>"_html;
  out += "</div></div>\n<dl class=\"facts\">\n"_html + (facts.input.plan ? plan_facts(facts) : run_facts(facts)) +
         "</dl>\n"_html;
  const Markup notes = notes_list(facts);
  if (facts.input.plan) {
    out += (notes.empty() ? "<div class=\"verdict-body single\">"_html : "<div class=\"verdict-body\">"_html) +
           nodes_to_run(facts) + notes + "</div>"_html;
  } else if (!notes.empty()) {
    out += "<div class=\"verdict-body single\">"_html + notes + "</div>"_html;
  }
  return out + "</section>\n"_html;
}

}  // namespace tidemark::report
