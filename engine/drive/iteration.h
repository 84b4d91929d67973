// One pass through one flow, watched: what set-up, tear-down and `run --trace` are made of. Every request goes through
// the same worker as under load, and every exchange comes back whole. Blocks; the calling thread starts and joins one.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/drive/exchange.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

struct IterationInputs {
  const schedule::Scenario& scenario;  // all but its flows
  const schedule::Flow& flow;
  const schedule::Secrets& secrets;
  const FeederTables& feeders;
  const std::map<std::string, std::string>& given;
  const std::string& script;
  const traffic::TargetPolicy& targets;
  const traffic::TagSigner* signer = nullptr;
  std::string run_id;
  std::uint64_t seed = 1;
  const std::atomic<int>* stop_signal = nullptr;
  Nanos limit{};  // for the whole pass
};

struct Iteration {
  std::vector<Exchange> exchanges;
  bool completed = false;
  std::string problem;  // "step login: status 500", "stopped", "did not end within 30 s"; "" when completed
  std::map<std::string, std::string> captured;  // every capture of the flow that was taken
};

// Errors: what does not compile, a refused target, no event loop.
Result<Iteration> run_iteration(const IterationInputs& inputs);

}  // namespace tidemark::drive
