// Performs a search: each probe is a run of its own with a run directory of its own, watched and ended by SloWatch, and
// followed by a wait until the target is idle. Decisions are models/search's. Blocking; one at a time per process.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/drive/runner.h"
#include "models/search/search.h"

namespace tidemark::search {

struct RunSearchOptions {
  SearchOptions search;
  // Scenario with its target set, nodes, signer, cpu, connections, seed and manifest fields: what every probe shares.
  // Load and thresholds of the scenario are replaced; each probe has arrivals of its own, drawn from the seed and its
  // number.
  drive::RunOptions run;
  std::filesystem::path dir;                                                 // probes go to DIR/probe-NN
  std::function<void(const Search::Taken&)> after_probe;                     // for a person; may be empty
  std::function<void(const Probe&, const drive::Progress&)> probe_progress;  // as RunOptions::progress; may be empty
};

struct SearchOutcome {
  SearchResult result;  // kind "stopped": by stop_signal, with what had been found until then thrown away
  std::vector<Search::Taken> taken;
  // The valid probe whose rate is nearest to the result's; empty when there is no rate.
  std::filesystem::path nearest;
};

// Errors are those of drive::run, a target that did not become idle (exit 4), and a run that a node's complaint ended
// (exit 99).
Result<SearchOutcome> run_search(const RunSearchOptions& options);

}  // namespace tidemark::search
