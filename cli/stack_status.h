// The `stack` commands that look at a stack started earlier. Main thread only; blocking.
#pragma once

#include <string>

#include "engine/core/error.h"

namespace tidemark::cli {

struct ExistingStack {
  std::string dir = "stack";  // folder that holds stack.json
  bool json = false;
};

// Prints one line a node. Exit 4 when the stack does not run or a node does not answer.
ExitCode stack_status(const ExistingStack& arguments);

}  // namespace tidemark::cli
