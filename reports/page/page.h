// The page's parts. Each section is made from the same facts and says nothing when it has no data. Thread-safe: pure
// but for the Charts that collect what the figures draw.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/html.h"
#include "reports/page/figure.h"
#include "reports/report.h"

namespace tidemark::report {

// What several sections need, worked out once.
struct Facts {
  const ReportInput& input;
  Summary summary;
  std::map<std::string, std::uint32_t> nodes_run;    // service -> nodes seen in this run
  const capacity::Verification* planned = nullptr;   // the plan as planned, held against a run
  const capacity::Verification* one_less = nullptr;  // the same with one node less on the bottleneck
  bool partial() const { return summary.partial || input.run.partial; }
};
Facts gather(const ReportInput& input);

// Whether any step of a verification missed the service level, and whether all held it; neither when undecided.
bool missed_limit(const capacity::Verification& verification);
bool held_limit(const capacity::Verification& verification);

struct Section {
  std::string id, title;  // made by the program
  Markup body;
};
using MaybeSection = std::optional<Section>;

// The answer: pass, fail, undecided or "" (nothing was asked), in words.
struct Answer {
  std::string verdict, headline, because;
};
Answer answer_of(const Facts& facts);
struct Note {
  enum class Kind { plain, warning, good } kind = Kind::plain;
  std::string words;
};
std::vector<Note> notes_of(const Facts& facts);  // limits, risks, and what went well, most serious first

Markup partial_banner(const Facts& facts);  // empty for a whole record
Markup verdict_panel(const Facts& facts);

MaybeSection run_section(const Facts& facts);
MaybeSection validity_section(const Facts& facts);
MaybeSection thresholds_section(const Facts& facts);
MaybeSection books_section(const Facts& facts);
MaybeSection load_section(const Facts& facts, Charts& charts);
MaybeSection clocks_section(const Facts& facts, Charts& charts);
MaybeSection steps_section(const Facts& facts, Charts& charts);
MaybeSection errors_section(const Facts& facts);
MaybeSection topology_section(const Facts& facts);
MaybeSection watermarks_section(const Facts& facts, Charts& charts);
MaybeSection nodes_section(const Facts& facts);
MaybeSection curves_section(const Facts& facts, Charts& charts);
MaybeSection demand_section(const Facts& facts);
MaybeSection plan_section(const Facts& facts);
MaybeSection verification_section(const Facts& facts);
MaybeSection audit_section(const Facts& facts);
MaybeSection quality_section(const Facts& facts);
MaybeSection method_section(const Facts& facts);

}  // namespace tidemark::report
