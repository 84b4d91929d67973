// Who may enter a node: its limiter, and the bulkhead that keeps groups of requests apart. Decisions only;
// node_serving.cpp performs them. The node's own thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/guard/bulkhead.h"
#include "engine/guard/limiter.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/node_counters.h"

namespace tidemark::shop {

class EntranceGuards {
 public:
  EntranceGuards(std::uint64_t seed, const std::string& node, NodeCounters& counters);
  // Requests in the node leave by the guards that let them in. A part whose settings did not change keeps what it has
  // learnt.
  void configure(const GuardConfig& config);
  bool any() const { return limiter_ || bulkhead_; }

  // What a request that was let in owes: started() once it has a worker, then finished(); or abandoned().
  struct Pass {
    std::shared_ptr<guard::Limiter> limiter;  // shared with the node, until configure() replaces its
    std::shared_ptr<guard::Bulkhead> bulkhead;
    std::size_t group = 0;
    Instant admitted{};
    Nanos queued{};
    bool any() const { return limiter || bulkhead; }
  };
  struct Decision {
    const char* refused_by = nullptr;  // "limiter", "bulkhead"; null: let in
    Instant start{};                   // not before this may it go on
  };
  Decision admit(Instant now, guard::Ask ask, Pass* pass);
  static void started(Pass& pass, Instant now, bool waited);  // waited: for a worker
  static void finished(const Pass& pass, Instant now, bool dropped);
  static void abandoned(const Pass& pass, Instant now);

  void show();  // limit_now, inside_core_now, ...

 private:
  const std::uint64_t seed_;
  NodeCounters& counters_;
  nlohmann::json limiter_text_;  // what is in force; null: none
  nlohmann::json bulkhead_text_;
  std::shared_ptr<guard::Limiter> limiter_;
  std::shared_ptr<guard::Bulkhead> bulkhead_;
};

}  // namespace tidemark::shop
