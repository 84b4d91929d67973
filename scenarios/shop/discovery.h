// Where the nodes of each service are: registers this node under a lease, and polls the registry for the others. A call
// goes to a node chosen uniformly at random, so that Poisson arrivals at a service stay Poisson at each of its nodes,
// and a node's latency curve at a given rate of its own does not depend on how many nodes there are (a round robin
// would make arrivals more regular with every node added). Where a fault gate stands between this node's service and
// another ("store@product" in the registry), the gate is all that is seen of that other one. Used from the node's own
// thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "scenarios/shop/registry_client.h"

namespace tidemark::shop {

class Discovery {
 public:
  Discovery(net::asio::io_context& io, RegistryClient registry, std::string service, std::string node,
            std::uint64_t seed);

  // Registers nodes/<name>/<node> -> endpoint now, or with the next registration.
  void advertise(const std::string& name, net::Endpoint endpoint);
  // One attempt to register and to learn who is there.
  net::Task<Result<bool>> join();
  // Keeps the lease and the picture fresh until cancelled.
  net::Task<void> run();
  // Best effort, bounded by the registry client's time-out.
  net::Task<void> leave();

  const std::vector<net::Endpoint>& endpoints(const std::string& service) const;
  std::map<std::string, std::size_t> counts() const;  // by name in the registry, gates under their own
  // nullopt: no node of that service is known. Nodes that refused a connection are passed over until the next poll,
  // unless all of them did.
  // `avoid`: the node that a retry comes from, passed over even when a poll has come in between.
  std::optional<net::Endpoint> choose(const std::string& service,
                                      const std::optional<net::Endpoint>& avoid = std::nullopt);
  void unreachable(const net::Endpoint& endpoint) { unreachable_.insert(endpoint.port); }

 private:
  net::Task<Result<bool>> poll();

  net::asio::io_context& io_;
  RegistryClient registry_;
  const std::string service_, node_;
  Random random_;
  std::map<std::string, net::Endpoint> advertised_;  // key -> address
  bool announced_ = true;                            // everything advertised is in the registry
  std::string lease_;
  std::map<std::string, std::vector<net::Endpoint>> known_;
  std::set<std::uint16_t> unreachable_;
};

}  // namespace tidemark::shop
