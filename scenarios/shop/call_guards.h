// What stands between a node and the services it calls: a bulkhead and a breaker for each, retries under one budget for
// each, a time-out for each attempt. Decisions only; node_calls.cpp makes the calls. The node's own thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/guard/limiter.h"
#include "engine/net/http_client.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/node_counters.h"

namespace tidemark::shop {

// An answer of a node that protects itself carries this header: the call did no work, and says nothing of whether the
// node could have answered. Its value says what refused: "limiter", "queue-full", ...
inline constexpr std::string_view kRefusedHeader = "x-tidemark-refused";

class CallGuards {
 public:
  CallGuards(std::uint64_t seed, std::string node) : seed_(seed), node_(std::move(node)) {}
  // Calls under way end with the guards they began with.
  void configure(const GuardConfig& config);

  struct Service;  // the guards of one called service
  // Shared with the calls under way: configure() makes new ones.
  std::shared_ptr<Service> towards(const std::string& service);

  void show(NodeCounters& counters);  // breaker_product_open_now, bulkhead_product_now, retry_budget_product_now, ...

 private:
  const std::uint64_t seed_;
  const std::string node_;
  GuardConfig config_;
  std::map<std::string, std::shared_ptr<Service>> services_;
  std::map<std::string, double> earlier_trips_;  // of breakers that configure() replaced
};

struct CallGuards::Service {
  Service(const GuardConfig& config, std::uint64_t seed, const std::string& name);

  // One call, all its attempts: false when the bulkhead has no place for it. Owes leave().
  bool enter(guard::Priority priority);
  void leave(guard::Priority priority);
  // nullptr without a breaker.
  guard::Breaker* breaker_to(const net::Endpoint& node);
  double trips() const;

  const CallSettings settings;
  const std::optional<guard::BreakerSettings> breaker_settings;
  const std::uint64_t seed;
  const std::string name;
  std::optional<guard::Bulkhead> bulkhead;
  std::optional<guard::Retry> retry;
  std::map<std::uint16_t, std::unique_ptr<guard::Breaker>> breakers;  // by port; 0: of the service
};

// What an answer says about the node that gave it.
enum class CallVerdict {
  good,
  failed,   // no answer, a late one, or 500 and above
  refused,  // it protects itself: nothing learnt
};
CallVerdict verdict_of(const net::CallResult& result);

}  // namespace tidemark::shop
