// The inside of NodeRuntime, shared by the files that implement it: node_runtime.cpp (life), node_serving.cpp (what
// comes in), node_calls.cpp (what goes out), node_admin.cpp (what others read of it). The node's own thread only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/guard/deadline.h"
#include "engine/net/http_client.h"
#include "engine/net/http_server.h"
#include "engine/net/task_group.h"
#include "engine/observe/json_log.h"
#include "scenarios/shop/call_guards.h"
#include "scenarios/shop/core_turns.h"
#include "scenarios/shop/discovery.h"
#include "scenarios/shop/entrance_guards.h"
#include "scenarios/shop/node_counters.h"
#include "scenarios/shop/node_faults.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/pool_gate.h"
#include "scenarios/shop/priority.h"
#include "scenarios/shop/service_time.h"
#include "scenarios/shop/span_buffer.h"
#include "scenarios/shop/tag_gate.h"

namespace tidemark::shop {

inline constexpr std::string_view kDeadlineHeader = "x-tidemark-deadline-ms";  // remaining budget, whole milliseconds
inline constexpr std::string_view kTraceHeader = "traceparent";
inline constexpr std::chrono::milliseconds kDefaultBudget{5000};  // of a request that brings no deadline
inline constexpr std::chrono::milliseconds kLongestBudget{60000};
inline constexpr guard::DeadlineSettings kUndeclaredDeadline{
    .patience = kDefaultBudget, .longest = kLongestBudget, .margin = Nanos{}, .quantile = 0};

// Name, service time and counters of one operation, looked up once.
struct OperationEntry {
  std::string name;
  const OperationTime* time = nullptr;
  OperationCounter* counter = nullptr;
};

struct Route {
  std::string method, path;
  bool prefix = false;  // written with "/*"; `path` then ends in "/"
  OperationEntry operation;
  Operation handler;                                            // of a routed request
  std::function<net::Task<net::Response>(net::Request)> admin;  // of an admin one
};

// One piece of work past the tag gate.
struct Job {
  const OperationEntry* operation;
  traffic::ShadowTag tag;
  TraceContext trace;             // of this node's span
  std::uint64_t parent_span = 0;  // 0: the trace began here
  Instant deadline;
  const char* kind = "SERVER";
  guard::Ask ask;
  EntranceGuards::Pass pass;             // what it owes to the guards that let it in
  std::shared_ptr<PoolGate::Pool> pool;  // whose worker it holds
  Instant arrived = Clock::now();
  Instant granted{};
  int status = 0;  // HTTP status, or 200/500 for work that is none
};

struct NodeRuntime::Impl {
  Impl(NodeRuntime& owner, NodeConfig node_config);

  // node_serving.cpp
  net::Task<net::Response> serve(net::Request request);
  net::Task<net::Response> serve_route(const Route* route, net::Request request);
  net::Task<bool> perform(std::string operation, std::string tag_header, std::string traceparent, std::string caller,
                          std::function<net::Task<void>(CallContext&)> work);
  const Route* match(const net::Request& request, bool* path_known) const;
  OperationEntry operation_entry(const std::string& name);
  guard::TimeQuantile usual_time() const;  // an empty one, of the quantile that is declared
  // nullopt: refused, noted as a problem that names this node and the caller; `refusal` is the answer.
  std::optional<traffic::ShadowTag> admit_tag(std::string_view header, const std::string& caller,
                                              const TraceContext& trace, net::Response* refusal);
  TraceContext begin_trace(std::string_view traceparent, std::uint64_t* parent_span);
  void count_arrival(const Job& job);
  net::Task<PoolGate::Outcome> begin(Job& job);  // takes a worker
  net::Task<int> spend(const Job& job);          // the drawn service time; 500 or 504: a fault answers that instead
  void finish(const Job& job);                   // gives the worker back, counts, records the span
  struct End {                                   // finish(), however the coroutine that did the work ends
    Impl& impl;
    const Job& job;
    ~End() { impl.finish(job); }
  };
  net::Task<net::Response> run_handler(const Route* route, Job& job, net::Request request);
  // At most one line a second for what can happen thousands of times a second, with how often it did.
  void log_rarely(const TraceContext& trace, const char* what, const std::string& detail);
  bool consumes() const;  // this node's perform() handles events

  // Past admission() and the guards; an answer turns the request away, which has then paid what it owes.
  net::Task<std::optional<net::Response>> enter(Job& job, const net::Request& request);

  // node_calls.cpp
  struct Outgoing;  // one call, whatever its attempts
  net::Request request_of(CallContext& context, const Outgoing& call, std::int64_t budget_ms) const;
  net::Task<net::CallResult> attempt(CallContext& context, CallGuards::Service& guards, const Outgoing& call,
                                     net::Endpoint endpoint, bool planned);
  std::optional<Nanos> again(const CallContext& context, CallGuards::Service& guards, const Outgoing& call,
                             const net::CallResult& result, std::uint32_t attempts);
  net::Task<net::CallResult> call(CallContext& context, std::string service, std::string method, std::string target,
                                  std::string body);
  std::string tag_for(const traffic::ShadowTag& tag, const std::string& service, bool retry) const;
  bool planned_failure(const std::string& service);

  // node_admin.cpp
  void add_admin_routes();
  void add_fault_routes();
  void add_guard_routes();
  Result<void> set_guard(const nlohmann::json& text);  // all of it, or nothing when something is wrong
  nlohmann::json guard_state();
  WatermarkSample watermark();

  // node_runtime.cpp
  net::Task<ExitCode> live(int ready_fd);
  net::Task<bool> announce(std::uint16_t port);
  void log(const std::string& level, const std::string& trace_id, const std::string& message,
           const std::vector<std::pair<std::string, std::string>>& context = {});

  NodeRuntime& node;
  const NodeConfig config;
  const std::string name;
  const Instant started = Clock::now();
  std::unique_ptr<observe::JsonLog> log_file;  // null: no log file configured
  net::asio::io_context io{1};
  TagGate gate;
  PoolGate pool;
  ServiceTimes times;
  CoreTurns turns;
  Random trace_ids;
  NodeCounters counters;
  NodeFaults faults;
  net::Timer dying;  // of the fault `kill`
  SpanBuffer spans;
  net::HttpClient client;
  std::optional<Discovery> discovery;               // absent in the registry itself
  std::map<std::string, OperationEntry> performed;  // operations of perform(), by name
  std::vector<std::unique_ptr<Route>> routes;
  std::function<std::optional<net::Response>(const net::Request&, Instant)> admission;
  nlohmann::json guard_text = nlohmann::json::object();
  GuardConfig guard_settings;
  EntranceGuards entrance;
  CallGuards call_guards;
  std::vector<std::function<void(const GuardConfig&)>> guard_listeners;
  std::vector<std::function<void()>> watermark_updates;
  std::deque<std::function<net::Task<void>()>> background;  // never moved: a coroutine lambda lives in its function
  std::map<std::string, net::Endpoint> waiting_addresses;
  net::TaskGroup group;
  net::HttpServer server;
  bool running = false;
  std::uint64_t faulted_calls = 0;
  Instant last_rare_log{};
  std::uint64_t rare_events = 0;  // since that line
};

}  // namespace tidemark::shop
