// The first question at the edge: may this client come in now? Allow and deny lists by address, then a rate. The node's
// own thread.
#pragma once

#include <optional>
#include <string>

#include "engine/guard/address_list.h"
#include "engine/guard/token_bucket.h"
#include "engine/net/message.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

class EdgeGuard {
 public:
  explicit EdgeGuard(NodeRuntime& node) : node_(node) {}
  void configure(const GuardConfig& config);
  // 403 denied, or 429 rate-limited with retry-after; nullopt: come in.
  std::optional<net::Response> decide(const net::Request& request, Instant now);

 private:
  NodeRuntime& node_;
  std::optional<guard::AddressList> lists_;
  std::optional<guard::AddressList> forwarders_;
  std::optional<guard::TokenBucket> bucket_;
};

// Who sent a request that reached us from `peer` with x-forwarded-for `hops` ("client, proxy, proxy"): the rightmost
// address that is not one of the forwarders, since everything left of it was written by somebody we do not know.
// nullopt when that is no address.
std::optional<guard::Address> client_of(std::string_view peer, std::string_view hops,
                                        const guard::AddressList* forwarders);

}  // namespace tidemark::shop
