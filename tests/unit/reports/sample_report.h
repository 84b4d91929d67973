// A synthetic rehearsal for tests of the page: 60 s, flows browse and buy, six nodes, a model, a plan, verifications
// for the plan and for one node less, spans. Deterministic: equal arguments give equal values. Numbers are plausible,
// not measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/report.h"

namespace tidemark::report::sample {

ReportInput rehearsal();
// The same run killed after 23 s: no summary, damage listed.
ReportInput killed_rehearsal();
// Only a run: no plan, model, verification or spans; two thresholds, one of them broken.
ReportInput bare_run();
// One hour and fifty steps, watermarks of thirty nodes.
ReportInput long_run();
// The rehearsal with every foreign name replaced by one of these, in turn.
ReportInput hostile_rehearsal();
const std::vector<std::string>& hostile_strings();  // sixty

}  // namespace tidemark::report::sample
