// The requests of etcd's v3 JSON gateway that the stack needs (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/):
// our registry node and a real etcd answer them alike. Keys and values travel in base64, 64-bit numbers as strings.
// Used from the node's own thread only; calls are made outside the shadow tag, since membership is not traffic.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "engine/core/error.h"
#include "engine/net/http_client.h"

namespace tidemark::shop {

class RegistryClient {
 public:
  RegistryClient(net::HttpClient& client, net::Endpoint registry, std::string caller);

  // All fail with exit 4, naming the request and what the registry said.
  net::Task<Result<std::string>> grant(std::chrono::seconds ttl);  // the lease's ID
  net::Task<Result<bool>> keep_alive(std::string lease);           // false: no such lease any more
  net::Task<Result<bool>> revoke(std::string lease);               // true
  net::Task<Result<bool>> put(std::string key, std::string value, std::string lease);
  net::Task<Result<std::map<std::string, std::string>>> range(std::string prefix);  // key -> value

 private:
  net::Task<Result<std::string>> post(std::string target, std::string body);  // the answer's body

  net::HttpClient& client_;
  net::Endpoint registry_;
  std::string caller_;
};

// The first key after every key that begins with `prefix`: etcd's range_end of a prefix.
std::string prefix_end(std::string prefix);

}  // namespace tidemark::shop
