// A search as a person reads it: a line a probe as it ends, and the result. Pure.
#pragma once

#include <string>

#include "models/search/search.h"

namespace tidemark::cli {

// The heading of the lines below.
std::string probe_heading();
std::string probe_line(const search::Search::Taken& taken, double allowed);
// One line to a few, without a newline at the end; `slo` as the user wrote it.
std::string search_result(const search::SearchResult& result, const std::string& slo);

}  // namespace tidemark::cli
