// For tests: a RunWriter whose writes go through a function that may fail. Programs call RunWriter::create.
#pragma once

#include "engine/record/append_file.h"
#include "engine/record/run_writer.h"

namespace tidemark::record {

Result<std::unique_ptr<RunWriter>> create_run_writer(const std::filesystem::path& dir, const nlohmann::json& manifest,
                                                     WriteFunction write);

}  // namespace tidemark::record
