// What several commands print, and files as text. Main thread only.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/error.h"
#include "models/capacity/plan.h"

namespace tidemark::cli {

// "browse     predicted 76.7 ms, measured 76.3 ms (72.0 to 80.1), error -1 %: SLO held"; beyond capacity where no
// finite wait exists.
std::string verification_line(const capacity::StepVerification& step);

Result<nlohmann::json> read_json_file(const std::filesystem::path& file);
Result<void> write_json_file(const std::filesystem::path& file, const nlohmann::json& json);
// "runs/demo-20261122-211500": a folder name that sorts by time.
std::filesystem::path stamped_dir(const std::string& prefix);
// Core 0 for the generator and core 1 for the stack where there are two or more; -1 and -1 otherwise.
struct Cores {
  int generator = -1, stack = -1;
};
Cores split_cores();

}  // namespace tidemark::cli
