// What the twin simulates, as plain structs: services and their nodes, what an operation costs and whom it calls, how a
// caller calls, and what goes wrong when. docs/twin.md has the meaning of every field and the formulas; system_file.h
// reads it from YAML. Nothing here is checked: check_system() says what does not fit together. Thread-safe: plain
// values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/histogram.h"
#include "engine/core/units.h"
#include "engine/guard/guard_settings.h"
#include "engine/guard/limiter.h"

namespace tidemark::twin {

struct TimePart {  // of a mixture: lognormal, or constant with cv 0
  double weight = 1;
  double mean_s = 0, cv = 0;
};

struct ServiceTime {
  enum class Kind : std::uint8_t {
    constant,     // mean_s
    exponential,  // mean_s
    lognormal,    // mean_s, cv
    mixture,      // parts: bimodal, or more
    empirical,    // histogram
  } kind = Kind::constant;
  double mean_s = 0, cv = 0;
  std::vector<TimePart> parts{};
  Histogram histogram{};  // microseconds; inside a bucket evenly
};
double mean_s(const ServiceTime& time);

struct Call {
  std::string service{}, operation{};
  double times = 1;       // 0 to 1,000: the whole part always, the rest by chance
  bool on_miss = false;   // only when the operation's cache did not have the flow's key
  bool optional = false;  // its failure does not fail the caller (what a degrade plan may switch off)
};
// The calls of a group are made at once, their repetitions too; the groups one after the other. A group ends when the
// last of its calls has; if one failed that was not optional, the operation fails there.
struct CallGroup {
  std::vector<Call> calls{};
};

struct Operation {
  std::string name{};
  ServiceTime time{};    // own work, done before the first call
  double cpu_share = 0;  // of the work, done first: the part that a CPU quota slows down
  std::string cache{};   // looked up after the own work, filled when the operation has ended well after a miss
  std::vector<CallGroup> then{};
  bool hold_worker = true;  // while calling, as in the bundled stack; false: an asynchronous server
  // The calls come first, then the answer, then the own work, for which the worker stays taken: what a caller sees of
  // it is its wait alone. For systems made from a fitted model (from_model.h), whose base already holds the work.
  bool answer_first = false;
  bool idempotent = true;  // may be called again although it may have been done
};

// The keys that flows ask for, one a flow: number k of 1..count with a probability that falls as k^-skew (Zipf; 0: all
// alike), and `hot_share` of all flows on the first `hot` of them.
struct KeySpace {
  std::uint32_t count = 1000;
  double skew = 0;
  std::uint32_t hot = 0;
  double hot_share = 0;
};

// Exact, not a formula: which keys are in is followed, so the hit rate comes out of load, key space and time to live.
struct Cache {
  std::string name{};
  std::uint32_t capacity = 0;  // keys, least recently used first out; 0: without bound
  Nanos ttl{};                 // from the filling on; 0: for ever
  bool per_node = false;       // each node has one; otherwise one for the service
};

enum class Balance : std::uint8_t { random, round_robin, least_of_two, by_key };  // by_key: shards, hot keys stay hot

// Desired nodes from a rule, with its tick and the nodes' start-up time. models/twin/autoscaler.h has the rules.
struct Autoscaler {
  enum class Rule : std::uint8_t { hpa, kpa, external } rule = Rule::hpa;
  std::uint32_t min_nodes = 1, max_nodes = 10;
  double target = 0.7;  // hpa: busy share of the workers; kpa: requests in a node; external: arrivals/s a node
  Nanos tick = std::chrono::seconds(15);      // hpa 15 s, kpa 2 s, external 30 s
  Nanos start_up = std::chrono::seconds(30);  // from the decision until a node answers
};

struct Service {
  std::string name{};
  std::uint32_t nodes = 1;                // in each region
  std::uint32_t workers = 0;              // of a node; 0: without bound
  std::uint32_t queue_limit = 1'000'000;  // of a node
  std::vector<Operation> operations{};
  double cpu_quota = 0;     // cores of a node, in periods of 10 ms; 0: CPU is not scarce
  double serial_share = 0;  // of the work that only one request of the whole service does at a time (a shared store)
  double crosstalk = 0;     // work is longer by this share for each other request being served in the service
  std::map<std::uint32_t, double> slow_nodes{};  // number from 1 -> its times are so many times longer
  Balance balance = Balance::random;
  std::vector<Cache> caches{};
  std::optional<Autoscaler> autoscaler{};
  std::string region{};  // the only one that it is in; empty: every one
  // limiter, bulkhead (groups by the names of priorities) and pool stand before each node; breaker and retry before
  // each service that it calls, one of each for each node. What else a guard block has is not simulated.
  guard::GuardSettings guard{};
  bool recorded = true;  // its nodes are in the run directory
};

// How `from` calls `to`; "*" stands for every service, "client" for whoever sends the flows. The last that fits counts.
struct Edge {
  std::string from = "*", to = "*";
  Nanos delay{};              // of the network, one way
  double delay_cv = 0;        // lognormal
  Nanos timeout{};            // of one attempt; 0: what is left of the caller's deadline
  std::uint32_t at_once = 0;  // a bulkhead: calls under way from one node of `from`, more are refused; 0: any number
};

struct Region {
  std::string name{};
  double weight = 1;
  Nanos delay{};  // one way between it and any other
};

// From `at` until `until` (0: the end), on one node (number from 1) or on all of a service, in one region or in all.
struct Fault {
  enum class Kind : std::uint8_t {
    slow,    // work takes `factor` times as long, and `delay` more
    errors,  // `share` of the requests is answered at once with an error
    stall,   // nothing moves on: what ends meanwhile ends at the end of the fault
    kill,    // connections are cut, and refused; callers pick other nodes after `noticed`
    region,  // a whole region is gone; its flows go to the others after `noticed`
  } kind = Kind::slow;
  Nanos at{}, until{};
  std::string service{}, region{};
  std::uint32_t node = 0;  // 0: all
  double factor = 1, share = 0;
  Nanos delay{};
  Nanos noticed = std::chrono::seconds(1);
};

struct FlowStep {
  std::string name{}, service{}, operation{};
  Nanos think{};  // after it
};
struct Flow {
  std::string name{};
  double weight = 1;
  guard::Priority priority = guard::Priority::normal;
  std::vector<FlowStep> steps{};
};

struct System {
  std::string name = "system";
  std::vector<Service> services{};
  std::vector<Edge> edges{};
  std::vector<Flow> flows{};  // of its own load; a scenario brings its own and maps their steps to these by name
  std::vector<Region> regions{};
  std::vector<Fault> faults{};
  KeySpace keys{};
  std::uint32_t users = 10'000;             // a flow's user is one of them; its cohort is a hash of the user
  Nanos timeout = std::chrono::seconds(5);  // of a step
  bool deadlines = true;  // callees know the caller's deadline, give up what waits past it and call nobody after it
};

// Every problem, one a line; exit 2.
Result<void> check_system(const System& system);

}  // namespace tidemark::twin
