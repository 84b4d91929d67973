// A running stack as the target of a command: address, nodes, tag key, audit. Main thread only.
#pragma once

#include <string>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/drive/runner.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::cli {

// Scans every store; leaks and what could not be read go into the summary.
void audit_stack(const shop::StackInfo& stack, Summary& summary);

// Fills in target (unless the user gave one), nodes, tag key and topology. Exit 4 when no stack runs there.
Result<shop::StackInfo> use_stack(const std::string& dir, bool has_target, drive::RunOptions& options);

}  // namespace tidemark::cli
