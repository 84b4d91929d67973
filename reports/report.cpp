#include "reports/report.h"

#include <fmt/format.h>

#include <fstream>

#include "reports/html.h"
#include "reports/numbers.h"
#include "reports/page/assets.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

Markup head(const ReportInput& input) {
  const PageAssets& assets = page_assets();
  const std::string policy = fmt::format(
      "default-src 'none'; script-src '{}' '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
      assets.boot.hash, assets.script.hash, assets.style.hash);
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\""_html +
         trusted(policy) +
         "\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>"_html +
         text(input.title) + "</title>\n<link rel=\"icon\" href=\"data:,\">\n<script>"_html +
         trusted(assets.boot.content) + "</script>\n<style>"_html + trusted(assets.style.content) +
         "</style>\n</head>\n"_html;
}

Markup top(const Facts& facts) {
  std::string subtitle = "Run " + facts.summary.run_id;
  const auto& manifest = facts.input.run.manifest;
  if (manifest.is_object() && manifest.contains("seed") && manifest.at("seed").is_number_integer())
    subtitle += fmt::format(", seed {}", manifest.at("seed").dump());
  subtitle += fmt::format(", {} recorded, {} requests", seconds(facts.summary.duration_s),
                          count(facts.summary.requests.started));
  return "<body>\n<a class=\"skip\" href=\"#content\">Skip to the sections</a>\n<header class=\"bar\"><span "
         "class=\"brand\"><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">"
         "<path d=\"M2 10c3.3-4 6.6-4 10 0s6.7 4 10 0\"/><path d=\"M2 16c3.3-4 6.6-4 10 0s6.7 4 10 "
         "0\"/></svg>tidemark</span>"
         "<span class=\"muted\">capacity report</span><button id=\"theme\" type=\"button\" hidden>Theme</button></header>\n<main>\n<header class=\"title\"><h1>"_html +
         name(facts.input.title) + "</h1><p>"_html + name(subtitle) + "</p></header>\n"_html;
}

std::vector<Section> sections_of(const Facts& facts, Charts& charts) {
  std::vector<Section> sections;
  for (MaybeSection& section : std::vector<MaybeSection>{
           run_section(facts), validity_section(facts), thresholds_section(facts), books_section(facts),
           load_section(facts, charts), clocks_section(facts, charts), steps_section(facts, charts),
           errors_section(facts), topology_section(facts), watermarks_section(facts, charts), nodes_section(facts),
           curves_section(facts, charts), demand_section(facts), plan_section(facts), verification_section(facts),
           audit_section(facts), quality_section(facts), method_section(facts)}) {
    if (section) sections.push_back(std::move(*section));
  }
  return sections;
}

Markup contents(const std::vector<Section>& sections) {
  Markup out = "<nav class=\"contents\" aria-labelledby=\"contents\"><h2 id=\"contents\">On this page</h2><ol>\n"_html;
  for (const Section& section : sections)
    out += "<li><a href=\"#"_html + text(section.id) + "\">"_html + text(section.title) + "</a></li>\n"_html;
  return out + "</ol></nav>\n"_html;
}

}  // namespace

Facts gather(const ReportInput& input) {
  Facts facts{.input = input, .summary = input.run.summary()};
  std::map<std::string, std::string> service_of;
  for (const auto& [node, s] : facts.summary.nodes) service_of[node] = s.service;
  for (const auto& sample : input.run.watermarks) service_of.emplace(sample.node, sample.service);
  for (const auto& [node, service] : service_of) ++facts.nodes_run[service];
  for (const auto& verification : input.verifications) {
    const capacity::Verification*& slot = verification.one_less ? facts.one_less : facts.planned;
    // Of several the one made from this run counts, else the first.
    if (!slot || (verification.run_id == facts.summary.run_id && slot->run_id != facts.summary.run_id))
      slot = &verification;
  }
  return facts;
}

std::string render_html(const ReportInput& input) {
  const Facts facts = gather(input);
  Charts charts;
  const auto sections = sections_of(facts, charts);
  Markup page = head(input) + top(facts) + partial_banner(facts) + verdict_panel(facts);
  page += "<div class=\"columns\">\n"_html + contents(sections) + "<div id=\"content\">\n"_html;
  for (const Section& section : sections) {
    page += "<section class=\"card\" id=\""_html + text(section.id) + "\" aria-labelledby=\"title-"_html +
            text(section.id) + "\"><h2 id=\"title-"_html + text(section.id) + "\">"_html + text(section.title) +
            "</h2>\n"_html + section.body + "</section>\n"_html;
  }
  page += "</div>\n</div>\n</main>\n<footer>"_html +
          text("Written by tidemark " TIDEMARK_VERSION
               ". One file: it asks for nothing from any network. Charts are drawn by Apache ECharts (Apache-2.0).") +
          "</footer>\n"_html;
  page += "<script type=\"application/json\" id=\"data\">"_html + trusted(charts.data()) + "</script>\n<script>"_html +
          trusted(page_assets().script.content) + "</script>\n</body>\n</html>\n"_html;
  return page.html();
}

Result<void> write_report(const ReportInput& input, const std::filesystem::path& file) {
  const std::string page = render_html(input);
  // Written beside its name and then renamed: a reader never sees half a page.
  std::filesystem::path half = file;
  half += ".tmp";
  std::ofstream out(half, std::ios::binary | std::ios::trunc);
  out.write(page.data(), static_cast<std::streamsize>(page.size()));
  out.close();
  std::error_code problem;
  if (out) std::filesystem::rename(half, file, problem);
  if (!out || problem) {
    std::error_code ignored;
    std::filesystem::remove(half, ignored);
    return fail(ExitCode::environment, file.string(), fmt::format("cannot write the report ({} bytes)", page.size()),
                "check the folder and the free space");
  }
  return {};
}

}  // namespace tidemark::report
