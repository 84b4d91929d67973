// How long an operation of a node takes by itself: a lognormal draw, of which a part is spent computing on the node's
// one thread and the rest waiting. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/core/random.h"
#include "engine/core/units.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

class ServiceTimes {
 public:
  struct Drawn {
    Nanos compute{}, wait{};
  };
  // The random stream is "service/<node>", so that a node's draws do not depend on how many others there are.
  ServiceTimes(std::uint64_t seed, const std::string& node, std::map<std::string, OperationTime> operations);

  // Falls back to "*", then to zero. The pointer stays valid.
  const OperationTime* find(const std::string& operation) const;
  Drawn draw(const OperationTime& time);

 private:
  std::map<std::string, OperationTime> operations_;
  OperationTime nothing_;
  Random random_;
};

// Computes until this thread's CPU clock has advanced by `time`: being preempted does not shorten the work.
void compute_for(Nanos time);

}  // namespace tidemark::shop
