// The HTML capacity report: one self-contained file from run directories and, where there are any, a model, a plan and
// its verifications. Thread-safe: pure but for the file it writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/record/run_reader.h"
#include "models/capacity/model.h"
#include "models/capacity/plan.h"

namespace tidemark::report {

struct ReportInput {
  record::RunRecord run;  // the run that the page is about (the verification run, in a rehearsal)
  std::optional<capacity::CapacityModel> model;
  std::optional<capacity::Plan> plan;
  std::vector<capacity::Verification> verifications;
  std::vector<Span> spans;  // a sample, for the topology
  std::string title = "tidemark capacity report";
};

// Byte-equal for equal input. Untrusted names reach the page only as escaped text.
std::string render_html(const ReportInput& input);
Result<void> write_report(const ReportInput& input, const std::filesystem::path& file);

}  // namespace tidemark::report
