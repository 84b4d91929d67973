// `run --trace`: set-up, one pass through each flow (or one of them), tear-down, and every request and answer of them
// whole. Nothing is recorded. Blocks.
#pragma once

#include <functional>
#include <string>

#include "engine/core/error.h"
#include "engine/drive/exchange.h"
#include "engine/drive/runner.h"

namespace tidemark::drive {

// Calls `show` with text for a terminal, bit by bit, secrets taken out. True: every request and check of every pass
// held. `flow`: the name of the only one to pass through, "" for all. Exit 2 for a flow that there is not.
Result<bool> trace(RunOptions options, const std::string& flow, const std::function<void(const std::string&)>& show);

}  // namespace tidemark::drive
