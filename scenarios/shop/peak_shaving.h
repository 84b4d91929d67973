// The gateway's entrance for orders, shaved (engine/guard/shaving_buffer.h): straight through, from a buffer in memory
// at a steady rate, or into the event log with 202. A buffered order keeps its worker of the gateway while it waits.
// The node's own thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "engine/guard/shaving_buffer.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

inline constexpr const char* kOrderRequested = "order.requested";  // topic of orders that were put into the queue

class PeakShaving {
 public:
  explicit PeakShaving(NodeRuntime& node);  // must outlive the node's run
  // Whoever waits in the buffer goes on at once when the settings change.
  void configure(const std::optional<guard::BufferSettings>& settings);
  // 201 from order; 202 {"ticket"} when it was queued; 503 buffer-full; 504 when it waited past its deadline.
  net::Task<net::Response> buy(CallContext& context, net::Request request);
  void show();

 private:
  net::Task<void> drain();
  net::Task<bool> wait(std::uint64_t ticket, Instant deadline);  // false: the deadline passed first
  net::Task<net::Response> enqueue(CallContext& context, std::string body);

  NodeRuntime& node_;
  std::optional<guard::ShavingBuffer> buffer_;
  net::Timer due_;                                          // of the next that waits
  std::unordered_map<std::uint64_t, net::Timer*> waiting_;  // on the frames of those who wait; null: let go
  std::uint64_t next_ticket_ = 1;
  const std::string prefix_;  // of tickets, unlike those of an earlier life of this node
};

}  // namespace tidemark::shop
