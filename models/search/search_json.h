// search.json: what a search asked and what it was told, in full (docs/search.md). Pure; thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/search/search.h"

namespace tidemark::search {

// `slo` as the user wrote it.
nlohmann::json to_json(const SearchOptions& options, const std::string& slo, const std::vector<Search::Taken>& taken,
                       const SearchResult& result);

}  // namespace tidemark::search
