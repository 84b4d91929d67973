// Ground truth for the capacity model: a small discrete-event simulation of a chain of services, which writes the run
// record that a real run would have left. It shares no code with the model: it plays every request of every node, with
// nested slots.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/record/run_reader.h"

namespace tidemark::testing {

struct TrueService {
  std::uint32_t workers = 64;
  double mean_ms = 1, cv = 0.5;
  double visit_chance = 1;         // with which a caller's call is made at all
  std::vector<std::string> calls;  // in sequence, after its own work, holding its slot
};

struct TrueChain {
  std::map<std::string, TrueService> services;
  struct Flow {
    double share = 1;
    std::string entry;
    std::vector<std::string> entry_calls;  // what the entry node calls for this flow
  };
  std::map<std::string, Flow> flows;  // one step each, of the flow's name
};

struct TrueStage {
  double rate = 0, seconds = 0;
};

// browse 85 % gateway -> product -> cache (-> store); buy 15 % gateway -> order -> user, inventory, payment -> events,
// store.
TrueChain shop_chain();

record::RunRecord simulate(const TrueChain& chain, const std::map<std::string, std::uint32_t>& nodes,
                           const std::vector<TrueStage>& stages, std::uint64_t seed, const std::string& kind);

// The shares of the bottleneck's capacity that the rehearsal offers, at 1, 2 and 3 nodes of `scaled`.
std::vector<record::RunRecord> calibrate(const TrueChain& chain, const std::string& scaled, double capacity,
                                         double stage_s, std::uint64_t seed);

}  // namespace tidemark::testing
