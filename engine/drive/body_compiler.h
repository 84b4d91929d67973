// Bodies that a scenario writes as fields: application/x-www-form-urlencoded and multipart/form-data (RFC 7578).
// Files are read here, before the clock starts. Used while a plan is compiled.
#pragma once

#include <string>

#include "engine/core/error.h"
#include "engine/drive/template_compiler.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

struct CompiledBody {
  Pieces pieces;
  std::string content_type;  // "": the step says it itself, if at all
};

inline constexpr std::uintmax_t kMostPartBytes = 64u << 20;  // of one file

// The body of `step`, whichever of the three ways it is written in. Exit 2 for an unknown name, 4 for a file that
// cannot be read.
Result<CompiledBody> compile_body(const schedule::Step& step, const std::string& place, TemplateCompiler& templates,
                                  CompiledCalls& calls);

}  // namespace tidemark::drive
