// The cache, ours or a real Redis: hiredis on the node's io_context, one pipelined connection for each cache node (a
// key's node is chosen by rendezvous hashing). A value is a JSON object with "_run"; a key is prefixed "live:" or
// "shadow:" by the caller's tag, so that shadow traffic sees only what shadow traffic cached. The cache is an
// optimisation: no call fails a request, a cache that is away answers `failed` at once or within the time-out. One
// instance for a node, declared after its NodeRuntime; used from the node's own thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

struct CacheResult {
  enum class Status {
    hit,      // get: `value` is the JSON text
    miss,     // get: no such key
    done,     // set and del
    refused,  // the cache turned the command away: tag undecided or forged, pool full; `error` is its text
    failed,   // not connected, timed out, too much in flight
  } status = Status::failed;
  std::string value;
  std::string error;

  bool hit() const { return status == Status::hit; }
};

class CacheClient {
 public:
  struct Options {
    std::chrono::milliseconds timeout{500};  // one command, never past the caller's deadline
    std::uint32_t in_flight = 4096;          // commands under way for each cache node; above: failed at once
    std::optional<net::Endpoint> redis;      // a real Redis instead of the stack's cache nodes: no TAG command is sent
  };
  explicit CacheClient(NodeRuntime& node);
  CacheClient(NodeRuntime& node, Options options);
  ~CacheClient();

  net::Task<CacheResult> get(CallContext& context, std::string key);
  // `fields` is a JSON object; "_run" is set here from the tag. ttl > 0.
  net::Task<CacheResult> set(CallContext& context, std::string key, nlohmann::json fields,
                             std::chrono::milliseconds ttl);
  net::Task<CacheResult> del(CallContext& context, std::string key);

 private:
  struct Impl;
  std::shared_ptr<Impl>
      impl_;  // shared with commands under way and hiredis's callbacks, which may outlive the node's stop
};

}  // namespace tidemark::shop
