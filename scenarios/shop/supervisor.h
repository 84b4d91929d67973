// Owns a running stack: one child process per node (the same binary, hidden command `node`), readiness by pipe, parent-death
// signal, own process group, pidfd; stopping leaves nothing behind. One owner; blocking calls.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "scenarios/shop/stack_info.h"
#include "scenarios/shop/topology.h"

namespace tidemark::shop {

class Supervisor {
 public:
  struct Options {
    Topology topology;
    std::filesystem::path dir;           // stack.json, logs/, data/ ; created; an old stopped stack's data there is removed
    std::filesystem::path limits_file;   // limits.json for the gateway; empty: no limit
    std::filesystem::path binary;        // empty: /proc/self/exe
  };
  // Starts registry, store, cache, events, then the services; returns when every node is ready and sees its neighbours.
  // Errors (exit 4) name the node and quote the end of its log; everything started is stopped again.
  static Result<std::unique_ptr<Supervisor>> start(Options options);
  ~Supervisor();  // stop()

  const StackInfo& info() const;
  // SIGTERM, grace 3 s, SIGKILL; waits for every child.
  void stop();
  // Nodes that have died by themselves since start, as "product-2: killed by signal 11".
  std::vector<std::string> deaths();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::shop
