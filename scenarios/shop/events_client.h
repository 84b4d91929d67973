// Publishing to and consuming from the events node. Topics are named without their world ("order.created"): the events
// node files an event under "live." or "shadow." by the publisher's tag, and a consumer reads both, handling each event
// under the tag it carries. Delivery is at least once, in order for each key; handlers must be idempotent. Used from
// the node's own thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

struct PublishResult {
  bool ok = false;
  std::uint32_t partition = 0;
  std::uint64_t offset = 0;
  std::string error;
};

// Returns once the event is in the log. `topic`: [a-z0-9.-]{1,64}; `key`: at most 200 bytes, orders events and picks
// the partition; `fields` is a JSON object; "_run" is set here from the tag, and checked by the events node.
net::Task<PublishResult> publish(CallContext& context, std::string topic, std::string key, nlohmann::json fields);

struct Event {
  std::string topic;  // with its world: "shadow.order.created"
  std::uint32_t partition = 0;
  std::uint64_t offset = 0;
  std::int64_t time_us = 0;  // wall clock of the append
  std::string key;
  std::string tag;          // the publisher's x-shadow
  std::string traceparent;  // of the publisher's span
  std::string producer;     // node name of the publisher
  std::string payload;      // JSON object as text
};

// Reads a topic for one consumer group. Every event is handled by NodeRuntime::perform, so the tag gate, the pool, the
// service time and the span are those of a request; one that is refused for its tag is dropped and counted there.
class Consumer {
 public:
  struct Options {
    std::string group;                // the service's name
    std::vector<std::string> topics;  // without their world
    std::string operation;            // service time and watermark row
    std::uint32_t window = 256;       // events under way at most
    std::uint32_t attempts = 3;  // of a handler that answers false, 100 ms apart, doubling; then skipped and counted
    std::chrono::milliseconds wait{1000};  // of a long poll
  };
  // True: handled, commit. False: try again.
  using Handler = std::function<net::Task<bool>(CallContext&, const Event&)>;

  // Registers its loop with node.background(); must be made before node.run() and outlive it. Adds the counters
  // "events_handled", "events_retried" and "events_skipped" to the node's watermark.
  Consumer(NodeRuntime& node, Options options, Handler handler);
  ~Consumer();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the background loop
};

}  // namespace tidemark::shop
