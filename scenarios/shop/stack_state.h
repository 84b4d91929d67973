// Whether a stack that stack.json tells of is still there, and how to end it from another process. Blocking.
#pragma once

#include <chrono>
#include <filesystem>

#include "engine/core/error.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::shop {

// The supervisor's process is alive and the parent of at least one of the nodes: a number used again by somebody else
// is not taken for it.
bool stack_runs(const StackInfo& info);

// SIGTERM to the supervisor, and waits until it has ended. False when no stack runs there (a stale stack.json is
// removed). Exit 4 when there is no stack.json, or when it still runs after `patience`.
Result<bool> stop_stack(const std::filesystem::path& dir, std::chrono::milliseconds patience);

}  // namespace tidemark::shop
