// What every node of the stack is made of: an HTTP server, a bounded worker pool (guard::WorkerPool), service times
// drawn from a lognormal of which a part is real CPU work, the shadow tag enforced on the way in and carried on the way
// out, discovery, watermark, spans, log. A service adds only its routes. One process, one thread, one io_context.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/trace_id.h"
#include "engine/core/watermark.h"
#include "engine/guard/limiter.h"
#include "engine/net/asio.h"
#include "engine/net/http_client.h"
#include "engine/net/message.h"
#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

inline constexpr std::string_view kControlHeader = "x-tidemark-control";

// Service time of one operation, on top of what its calls to other nodes take.
struct OperationTime {
  Nanos mean{};
  double cv = 0.5;         // of the lognormal
  double cpu_share = 0.0;  // part of the drawn time that is spent computing; the rest waits
};

struct NodeConfig {         // what the supervisor hands a node, as JSON on its standard input
  std::string service;      // "product"
  std::uint32_t index = 1;  // node name: "product-1"
  std::uint32_t workers = 64;
  std::uint32_t queue_limit = 1024;
  std::map<std::string, OperationTime> operations;  // "*": every operation not named
  nlohmann::json guard = nlohmann::json::object();  // guard_config.h, defaults of the topology included
  std::map<std::string, std::string> options;  // per service: {"inventory_by": "call"}, {"limits": "/path/limits.json"}
  std::string tag_key;                         // hex text; the text itself is the HMAC key
  std::string control_key;                     // what whoever controls this node must show; "": nobody may
  std::uint64_t seed = 1;
  net::Endpoint registry;          // port 0: this node is the registry
  std::filesystem::path data_dir;  // this node's own files
  std::filesystem::path log_file;  // JSON lines
  std::string strip_tag_towards;   // fault for tests: "inventory", "retry:product", "consumer" — "" in normal use
  std::uint32_t span_sample = 20;  // one trace in so many is recorded
  int cpu = -1;                    // pin to this core; -1: not pinned
  std::string name() const { return service + "-" + std::to_string(index); }
};

class NodeRuntime;
struct GuardConfig;

// What a request brought with it. Every call out of a handler goes through here, so that tag, trace and deadline travel
// along.
class CallContext {
 public:
  traffic::ShadowTag tag;
  TraceContext trace;  // of this node's server span
  Instant deadline;
  NodeRuntime& node;
  std::optional<guard::Ask> ask = std::nullopt;  // whose priority travels along; none: work that no request began
  std::vector<std::string> worked = {};          // services that have answered calls of this request

  // One node of `service`, found by discovery, chosen uniformly at random. Idempotent calls (GET) are tried once more
  // on another node after a connection failure, within the deadline. The answer's status may be anything.
  net::Task<net::CallResult> call(std::string service, std::string method, std::string target, std::string body = {});
  // The x-shadow value for a call to `service` that does not go through call() (RESP): "" only under the fault that
  // strips it.
  std::string tag_towards(const std::string& service) const;
};

using Operation = std::function<net::Task<net::Response>(CallContext&, net::Request)>;

class NodeRuntime {
 public:
  explicit NodeRuntime(NodeConfig config);
  ~NodeRuntime();

  // `path` may end in "/*". `operation` names the service time and the watermark row. Requests are refused with 403
  // "tag-undecided" (inside: neither live nor genuine) or "tag-forged" (at the edge: not genuine) before they reach a
  // handler; with 503 and x-tidemark-refused by the guards of the entrance and by a full pool, with 504
  // "deadline-exceeded" when they waited past their deadline.
  // The worker is held for the drawn service time and for all that the handler awaits.
  void route(const std::string& method, const std::string& path, const std::string& operation, Operation handler);
  // Outside the pool and the tag: health, audit scans, control.
  void admin_route(const std::string& method, const std::string& path,
                   std::function<net::Task<net::Response>(net::Request)> handler);
  // The same for orders: answered 401 unless `x-tidemark-control` holds the stack's control key.
  void control_route(const std::string& method, const std::string& path,
                     std::function<net::Task<net::Response>(net::Request)> handler);
  // Background coroutine, cancelled at stop: consumers, relays.
  void background(std::function<net::Task<void>()> task);
  // The same as a routed request (tag check, pool, service time, span, flow counters) for work that does not come by
  // HTTP: an event to consume, a RESP command. `tag_header` is what the work carries; empty is refused as
  // tag-undecided, naming `caller`. False when it was refused.
  net::Task<bool> perform(std::string operation, std::string tag_header, std::string traceparent, std::string caller,
                          std::function<net::Task<void>(CallContext&)> work);

  // Asked after the tag and before the other guards: an answer turns the request away (admission control at the edge).
  void admission(std::function<std::optional<net::Response>(const net::Request&, Instant now)> decide);
  // Told of the settings in force: at once, and whenever an order has changed them.
  void on_guard(std::function<void(const GuardConfig&)> apply);
  // The node's own watermark, now.
  WatermarkSample watermark();
  // Called before each watermark is read, to bring counters up to date.
  void before_watermark(std::function<void()> update);
  // Registers another address of this node under nodes/<name>/<node> (the cache's RESP port); before run() or in a
  // handler.
  void advertise(const std::string& name, net::Endpoint endpoint);

  // A counter of this service in the watermark's `extra` and in /metrics; the pointer stays valid; this node's thread
  // only.
  double* counter(const std::string& name);
  void log(const std::string& level, const std::string& trace_id, const std::string& message,
           std::vector<std::pair<std::string, std::string>> context = {});
  const NodeConfig& config() const;
  net::asio::io_context& io();
  // Endpoints of a service known by discovery now; empty if none.
  const std::vector<net::Endpoint>& endpoints(const std::string& service) const;

  // Listens on 127.0.0.1:0, registers, writes "ready PORT\n" to `ready_fd`, serves until SIGTERM; drains. Returns the
  // exit code.
  ExitCode run(int ready_fd);

 private:
  friend class CallContext;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Builds and runs the node named by config.service; every service has one such function in a file of its own.
ExitCode run_gateway(NodeConfig config, int ready_fd);
ExitCode run_user(NodeConfig config, int ready_fd);
ExitCode run_product(NodeConfig config, int ready_fd);
ExitCode run_inventory(NodeConfig config, int ready_fd);
ExitCode run_order(NodeConfig config, int ready_fd);
ExitCode run_payment(NodeConfig config, int ready_fd);
ExitCode run_notification(NodeConfig config, int ready_fd);
ExitCode run_store(NodeConfig config, int ready_fd);
ExitCode run_cache(NodeConfig config, int ready_fd);
ExitCode run_events(NodeConfig config, int ready_fd);
ExitCode run_registry(NodeConfig config, int ready_fd);
ExitCode run_gate(NodeConfig config,
                  int ready_fd);  // a fault gate between two services, where the topology declares one

}  // namespace tidemark::shop
