#include "reports/report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "reports/page/assets.h"
#include "reports/page/page.h"
#include "tests/unit/reports/sample_report.h"

namespace tidemark::report {
namespace {

std::vector<std::string> section_ids(const std::string& page) {
  static const std::regex pattern("<section class=\"card\" id=\"([a-z]+)\"");
  std::vector<std::string> ids;
  for (std::sregex_iterator it(page.begin(), page.end(), pattern), end; it != end; ++it) ids.push_back((*it)[1]);
  return ids;
}

std::string without_bundle(std::string page) {
  for (const PageAsset* asset : {&page_assets().boot, &page_assets().script, &page_assets().style}) {
    page.erase(page.find(asset->content), asset->content.size());
  }
  return page;
}

// The page without the bundle and the numbers: its structure. Golden: tests/unit/reports/rehearsal.structure.txt.
std::string structure(std::string page) {
  page = without_bundle(std::move(page));
  static const std::regex pattern("<(section|figure|h1|h2|h3|table|caption|details|nav|main|footer|dl)[ >][^>]*");
  std::string out;
  const std::string body = page.substr(page.find("<body>"));
  for (std::sregex_iterator it(body.begin(), body.end(), pattern), end; it != end; ++it) {
    static const std::regex id("id=\"([a-z0-9-]+)\"");
    const std::string tag = it->str();
    std::smatch found;
    out += (*it)[1].str() + (std::regex_search(tag, found, id) ? " " + found[1].str() : "") + "\n";
  }
  return out;
}

TEST(Report, IsByteEqualForEqualInput) {
  EXPECT_EQ(render_html(sample::rehearsal()), render_html(sample::rehearsal()));
  EXPECT_EQ(render_html(sample::hostile_rehearsal()), render_html(sample::hostile_rehearsal()));
}

TEST(Report, KeepsItsStructure) {
  const std::string golden = std::string(TIDEMARK_SOURCE_DIR) + "/tests/unit/reports/rehearsal.structure.txt";
  const std::string actual = structure(render_html(sample::rehearsal()));
  if (std::getenv("TIDEMARK_UPDATE_GOLDEN")) std::ofstream(golden) << actual;
  std::ifstream in(golden);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(actual, expected) << "set TIDEMARK_UPDATE_GOLDEN=1 and read the diff, if the change is meant";
}

TEST(Report, HasEverySectionOfARehearsalInOrder) {
  EXPECT_EQ(section_ids(render_html(sample::rehearsal())),
            (std::vector<std::string>{"run", "validity", "thresholds", "books", "load", "clocks", "steps", "errors",
                                      "topology", "watermarks", "nodes", "curves", "demand", "plan", "verification",
                                      "audit", "quality", "method"}));
}

TEST(Report, LeavesOutWhatHasNoData) {
  EXPECT_EQ(section_ids(render_html(sample::bare_run())),
            (std::vector<std::string>{"run", "validity", "thresholds", "books", "load", "clocks", "steps", "quality",
                                      "method"}));
  ReportInput nothing;
  nothing.run.stored_summary = Summary{};
  EXPECT_EQ(section_ids(render_html(nothing)),
            (std::vector<std::string>{"run", "validity", "books", "quality", "method"}));
}

TEST(Report, BannerOnlyOnAPartialRecord) {
  const std::string killed = render_html(sample::killed_rehearsal());
  EXPECT_NE(killed.find("PARTIAL RECORD"), std::string::npos);
  EXPECT_NE(killed.find("41 bytes from offset 12,204 fail their checksum"), std::string::npos);
  EXPECT_EQ(render_html(sample::rehearsal()).find("PARTIAL RECORD"), std::string::npos);
}

TEST(Report, ForbidsEverythingButItsOwnBundleFirstInTheHead) {
  const std::string page = render_html(sample::rehearsal());
  const std::string start =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; script-src '" +
      page_assets().boot.hash + "' '" + page_assets().script.hash + "'; style-src '" + page_assets().style.hash +
      "'; img-src data:; base-uri 'none'; form-action 'none'\">";
  EXPECT_EQ(page.substr(0, start.size()), start);
  EXPECT_EQ(without_bundle(page).find(" style=\""), std::string::npos);  // an attribute that the policy would refuse
}

TEST(Report, HostileNamesNeverBecomeElements) {
  const std::string page = without_bundle(render_html(sample::hostile_rehearsal()));
  for (const char* markup : {"<img", "<iframe", "<svg onload", "<object", "<form", "<base", "<video", "<math",
                             "<plaintext", "<noscript", "<script>alert", "<details open ontoggle"}) {
    EXPECT_EQ(page.find(markup), std::string::npos) << markup;
  }
}

TEST(Report, AnHourOfFiftyStepsFitsTwoMegabytes) {
  const std::string page = render_html(sample::long_run());
  EXPECT_LE(page.size(), 2'000'000u);
  EXPECT_NE(page.find("GET /api/v2/endpoint-49"), std::string::npos);
}

TEST(Report, IsWrittenWholeOrNotAtAll) {
  const auto dir = std::filesystem::temp_directory_path() / "tidemark_report_test";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  ASSERT_TRUE(write_report(sample::bare_run(), dir / "report.html"));
  EXPECT_EQ(std::filesystem::file_size(dir / "report.html"), render_html(sample::bare_run()).size());
  const auto refused = write_report(sample::bare_run(), dir / "no such folder" / "report.html");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::environment);
  EXPECT_NE(refused.error().message().find("no such folder"), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
  std::filesystem::remove_all(dir);
}

struct AnswerCase {
  const char* what;
  void (*change)(ReportInput&);
  const char* verdict;
  const char* headline;
};

TEST(Answer, FollowsTheMostSeriousFact) {
  const AnswerCase cases[] = {
      {"verified", [](ReportInput&) {}, "pass", "Yes: the plan holds 612 flows/s"},
      {"missed", [](ReportInput& in) { in.verifications[0].verdict = "fail"; }, "fail",
       "No: the plan does not hold 612 flows/s"},
      {"straddling", [](ReportInput& in) { in.verifications[0].verdict = "undecided"; }, "undecided",
       "Undecided at 612 flows/s"},
      {"not verified", [](ReportInput& in) { in.verifications.clear(); }, "",
       "Planned for 612 flows/s, not yet verified"},
      {"invalid", [](ReportInput& in) { in.run.stored_summary->validity = "generator-limited"; }, "undecided",
       "No verdict: the measurement is generator-limited"},
      {"partial", [](ReportInput& in) { in.run.partial = true; }, "undecided", "No verdict: the record is partial"},
      {"leak",
       [](ReportInput& in) {
         in.run.stored_summary->leaks = {{"store/live/orders", "row 7"}};
       },
       "fail", "No: test data leaked"},
      {"no plan", [](ReportInput& in) { in.plan.reset(), in.model.reset(), in.verifications.clear(); }, "pass",
       "Yes: all 2 limits were kept"},
      {"no plan, no limits",
       [](ReportInput& in) { in.plan.reset(), in.verifications.clear(), in.run.stored_summary->thresholds.clear(); },
       "", "Measured; there was no limit to judge by"},
  };
  for (const AnswerCase& c : cases) {
    ReportInput input = sample::rehearsal();
    c.change(input);
    const Answer answer = answer_of(gather(input));
    EXPECT_EQ(answer.verdict, c.verdict) << c.what;
    EXPECT_EQ(answer.headline, c.headline) << c.what;
  }
}

TEST(Notes, WarnWhereThePlanIsGenerousOrThePredictionWasOff) {
  ReportInput input = sample::rehearsal();
  for (auto& step : input.verifications[1].steps) step.slo = "held";
  input.verifications[0].steps[1].error = 0.4;
  std::string words;
  for (const Note& note : notes_of(gather(input))) words += note.words + "\n";
  EXPECT_NE(words.find("One product node less held as well: the plan is generous."), std::string::npos) << words;
  EXPECT_NE(words.find("The prediction for buy was off by +40.0 %"), std::string::npos) << words;
}

}  // namespace
}  // namespace tidemark::report
