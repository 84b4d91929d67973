// What was run, whether it can be trusted, what it was judged by, and the two books.
#include <fmt/format.h>

#include <cmath>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestValue = 400, kManifestRows = 300;

// JSON values as a person writes them; foreign, so never longer than a paragraph.
std::string plain(const json& value) {
  std::string words =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (words.size() > kLongestValue) words = words.substr(0, kLongestValue) + " \xE2\x80\xA6";
  return words;
}

// Every leaf of the manifest with its path; arrays of scalars stay one value.
void flatten(const json& value, const std::string& path, Table& table, std::size_t& rows) {
  const bool scalars =
      !value.is_structured() || value.empty() ||
      (value.is_array() && std::none_of(value.begin(), value.end(), [](const json& v) { return v.is_structured(); }));
  if (scalars) {
    if (++rows <= kManifestRows) table.row({name(path), "<code>"_html + name(plain(value)) + "</code>"_html});
    return;
  }
  for (const auto& [key, inner] : value.items()) flatten(inner, path.empty() ? key : path + "." + key, table, rows);
}

const json* find(const json& object, std::initializer_list<const char*> path) {
  const json* at = &object;
  for (const char* key : path) {
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &at->at(key);
  }
  return at;
}

// The first of several places where a fact may stand.
Markup fact_of(const json& manifest, std::string_view term,
               std::initializer_list<std::initializer_list<const char*>> places) {
  for (const auto& place : places) {
    const json* value = find(manifest, place);
    if (value && !value->is_structured()) return definition(term, name(plain(*value)));
  }
  return {};
}

// The unit of an expression's metric (docs/thresholds.md).
bool is_latency(const std::string& expression) {
  if (expression.starts_with("node")) return expression.find(".wait") != std::string::npos;
  return expression.starts_with("response") || expression.starts_with("service") || expression.starts_with("lag");
}

bool is_ratio(const std::string& expression) {
  if (expression.starts_with("node")) {
    return expression.find(".busy") != std::string::npos || expression.find(".cpu") != std::string::npos;
  }
  return expression.starts_with("checks") || expression.find("ratio") < expression.find_first_of("{<>");
}

std::string threshold_value(const ThresholdResult& result, double value) {
  if (is_latency(result.expression)) return value == result.limit ? limit_us(value) : duration_us(value);
  if (is_ratio(result.expression)) return percent(value);
  const bool is_rate = result.expression.find("rate") < result.expression.find_first_of("{<>");
  return is_rate ? rate(value) : fmt::format("{:.6g}", value);
}

}  // namespace

MaybeSection run_section(const Facts& facts) {
  const json& manifest = facts.input.run.manifest;
  Markup body = "<dl class=\"card-list\">\n"_html;
  const bool stored =
      !facts.summary.run_id.empty() || !manifest.is_object();  // a record without a summary still has a manifest
  body += definition("Run",
                     "<code>"_html + name(stored ? facts.summary.run_id : facts.input.run.run_id()) + "</code>"_html);
  body += fact_of(manifest, "Kind", {{"kind"}});
  body += fact_of(manifest, "Scenario", {{"scenario", "name"}});
  body += fact_of(manifest, "Target", {{"scenario", "target"}, {"target"}});
  body += fact_of(manifest, "Seed", {{"seed"}});
  body += fact_of(manifest, "Started", {{"started"}, {"started_at"}, {"start_time"}});
  body += definition("Recorded", text(seconds(facts.summary.duration_s)));
  body += fact_of(manifest, "Host", {{"host", "name"}, {"host", "hostname"}, {"hostname"}, {"host"}});
  body += fact_of(manifest, "Processor", {{"host", "cpu_model"}, {"host", "cpu"}, {"host", "model"}});
  body += fact_of(manifest, "Cores", {{"host", "cpus"}, {"host", "cores"}});
  body += fact_of(manifest, "System", {{"host", "os"}, {"host", "kernel"}});
  body += fact_of(manifest, "tidemark", {{"tidemark_version"}, {"version"}, {"tidemark", "version"}});
  body += fact_of(manifest, "Record format", {{"schema"}, {"schema_version"}});
  if (!facts.summary.stop_reason.empty()) body += definition("Stopped", name(facts.summary.stop_reason));
  body += "</dl>\n"_html;
  if (manifest.is_structured() && !manifest.empty()) {
    std::size_t rows = 0;
    Table table("Everything that was in force, as resolved before the first request", {{"Setting"}, {"Value"}});
    flatten(manifest, "", table, rows);
    body +=
        "<details class=\"data\" open><summary>Settings in force</summary>"_html + table.markup("Settings in force");
    if (rows > kManifestRows)
      body += "<p>"_html + text(count(rows - kManifestRows) + " more are in manifest.json.") + "</p>"_html;
    body += "</details>\n"_html;
  }
  return Section{"run", "Run", body};
}

MaybeSection validity_section(const Facts& facts) {
  const Summary& s = facts.summary;
  Markup body = "<p>"_html + verdict_tag(s.validity == "valid" ? "pass" : "fail", s.validity) + " "_html;
  if (s.validity == "valid")
    body += "The generator and its machine kept up, so what was measured belongs to the system under test."_html;
  else if (s.validity == "generator-limited")
    body += "The generator could not keep up: these numbers say more of it than of the system under test."_html;
  else
    body += "The machine disturbed the measurement: these numbers say more of it than of the system under test."_html;
  body += "</p>"_html;
  if (!s.validity_reasons.empty()) {
    body += "<ul>"_html;
    for (const auto& reason : s.validity_reasons) body += "<li>"_html + name(reason) + "</li>"_html;
    body += "</ul>"_html;
  }
  body += "<p class=\"muted\">Send lag was "_html + text(duration_us(s.clocks.lag_us.p50)) + " at p50, "_html +
          text(duration_us(s.clocks.lag_us.p99)) + " at p99 and "_html + text(duration_us(s.clocks.lag_us.max)) +
          " at most. Validity is not the verdict: an invalid run yields no capacity number.</p>\n"_html;
  return Section{"validity", "Validity", body};
}

MaybeSection thresholds_section(const Facts& facts) {
  if (facts.summary.thresholds.empty()) return std::nullopt;
  Table table("Limits that the scenario set", {{"Limit as written"},
                                               {"Limit", true},
                                               {"Measured", true},
                                               {"95 % interval", true},
                                               {"Margin", true},
                                               {"Verdict"}});
  for (const ThresholdResult& t : facts.summary.thresholds) {
    const bool below = t.expression.find('>') == std::string::npos;
    const double margin = t.limit == 0 ? std::nan("") : (below ? t.limit - t.value : t.value - t.limit) / t.limit;
    const std::string interval =
        t.value_low == t.value_high ? "" : threshold_value(t, t.value_low) + " to " + threshold_value(t, t.value_high);
    table.row({"<code>"_html + name(t.expression) + "</code>"_html, text(threshold_value(t, t.limit)),
               text(threshold_value(t, t.value)), text(interval), text(signed_percent(margin)),
               verdict_tag(t.verdict)});
  }
  return Section{"thresholds", "Thresholds", table.markup("Thresholds")};
}

MaybeSection books_section(const Facts& facts) {
  const FlowBook& f = facts.summary.flows;
  const RequestBook& r = facts.summary.requests;
  Table flows("Flows: planned = completed + aborted + dropped + in flight", {{"Flows"},
                                                                             {"Planned", true},
                                                                             {"Completed", true},
                                                                             {"Aborted", true},
                                                                             {"Dropped", true},
                                                                             {"In flight at the end", true},
                                                                             {"Book"}});
  flows.row({text("all flows"), text(count(f.planned)), text(count(f.completed)), text(count(f.aborted)),
             text(count(f.dropped)), text(count(f.in_flight)),
             f.balances() ? verdict_tag("pass", "balances") : verdict_tag("fail", "does not balance")});
  Table requests("Requests: started = ok + failed + timed out + in flight", {{"Requests"},
                                                                             {"Started", true},
                                                                             {"Ok", true},
                                                                             {"Failed", true},
                                                                             {"Timed out", true},
                                                                             {"In flight at the end", true},
                                                                             {"Book"}});
  requests.row({text("all requests"), text(count(r.started)), text(count(r.ok)), text(count(r.failed)),
                text(count(r.timed_out)), text(count(r.in_flight)),
                r.balances() ? verdict_tag("pass", "balances") : verdict_tag("fail", "does not balance")});
  return Section{"books", "Two books", flows.markup("Book of flows") + requests.markup("Book of requests")};
}

}  // namespace tidemark::report
