// The machinery of a Simulation. Everything is named by number, all state lies in flat arrays, and the one loop hands
// each event to a member function. A request is a tree of frames; a frame's life is
//
//   issue -> [network] -> enter (limiter, pool) -> begin_work -> end_work -> call_next -> ... -> leave -> [network] ->
//   answer
//
// where only begin_work, the network and the client's pauses cost an event. Internal to models/twin.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "models/twin/autoscaler.h"
#include "models/twin/event_queue.h"
#include "models/twin/frame.h"
#include "models/twin/node.h"
#include "models/twin/plan.h"
#include "models/twin/service_time.h"
#include "models/twin/simulation.h"

namespace tidemark::twin {

class Simulation::Engine {
 public:
  Engine(Plan plan, SimulationOptions options);

  void start(schedule::ArrivalStream& arrivals);
  void run_until(std::int64_t end_ns);
  const Results& results();
  void reset_results();
  WatermarkSample watermark(std::uint32_t node);

  const Plan plan;
  std::vector<Node> nodes;
  std::int64_t now_ns = 0;
  NodeName name_of(std::uint32_t node) const;
  bool idle() const { return arrival_ns_ == kNever && flows_in_flight_ == 0; }
  std::uint32_t listed(std::uint32_t service) const;

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  enum class Kind : std::uint32_t {
    work,
    leaf_work,
    calls,
    arrive,
    enter,
    answer,
    retry,
    deadline,
    give_up,
    step,
    scan,
    control
  };

  struct Control {
    enum class What : std::uint8_t { fault_begins, fault_ends, noticed, scale, node_ready } what = What::scale;
    std::uint32_t index = 0;  // of a fault, a fleet or a node
  };
  struct FleetScaler {
    AutoscalerState rule;
    double busy_s = 0, waited_s = 0;  // sums at the last tick
    std::uint64_t arrived = 0;
  };
  struct FlowState {
    std::int64_t step_start_ns = 0;
    std::uint64_t number = 0;
    std::uint32_t flow = 0, step = 0;
    std::uint32_t key = 0, frame = 0;
    std::uint8_t cohort = 0;
  };
  struct Fleet {
    std::vector<std::uint32_t> listed;
    std::uint32_t turn = 0, serving = 0;
    std::int64_t serial_free_ns = 0;
    std::vector<CacheState> caches;  // those that its nodes share
  };

  // engine.cpp: construction and the loop; engine_flows.cpp: clients and results.
  void build_nodes();
  void make_node(std::uint32_t fleet, std::uint32_t number);
  void make_guards(std::uint32_t node);
  void fetch_ahead();
  void fetch_node(const Frame& frame);
  void fetch_ancestor(std::uint32_t frame, std::size_t level);
  void handle(const Event& event);
  void begin_flow();
  void begin_step(std::uint32_t flow);
  void end_step(std::uint32_t flow, Answer answer);
  void end_flow(std::uint32_t flow, bool completed);
  std::uint32_t pick_region();
  Window& window();

  // engine_calls.cpp: what goes from a caller to a callee and back.
  void call_next(std::uint32_t frame);
  void issue(std::uint32_t parent, std::uint32_t call, std::uint8_t attempt);
  void send(std::uint32_t frame, std::uint32_t fleet, std::uint32_t region);
  void end_call(std::uint32_t frame);
  void tell_caller(const Frame& child, Answer answer);
  void tell_guards(const Frame& child, Answer answer);
  void settle(std::uint32_t parent, std::uint32_t call, std::uint8_t attempt, Answer answer);
  bool try_again(std::uint32_t parent, std::uint32_t call, std::uint8_t attempt, Answer answer);
  void retry(std::uint32_t frame);
  void pass_deadline(const Event& event);
  std::int64_t delay_of(const PlannedEdge& edge, std::uint32_t from_region, std::uint32_t to_region);
  std::uint32_t pick_node(std::uint32_t fleet, std::uint32_t key);
  void watch_deadline(std::uint32_t frame);
  void scan_deadlines();

  // engine_nodes.cpp: what happens at a node.
  void arrive(std::uint32_t frame);
  void enter(std::uint32_t frame);
  void give_up(const Event& event);
  void leave_queue(std::uint32_t frame);
  void begin_work(std::uint32_t frame);
  std::int64_t work_ends(Node& node, const PlannedOperation& operation, double drawn_ns);
  void end_work(std::uint32_t frame);
  void begin_calls(std::uint32_t frame);
  void leave(std::uint32_t frame);
  void answer_early(std::uint32_t frame);
  void leave_node(const Frame& frame);
  void give_worker_back(std::uint32_t frame);
  void turn_away(std::uint32_t frame, Answer answer);
  void reply(std::uint32_t frame);
  CacheState& cache_of(Node& node, std::uint32_t cache);

  // engine_control.cpp: faults and autoscalers.
  void plan_control();
  void at(std::int64_t time_ns, Control control);
  void control(std::uint32_t index);
  void apply(std::uint32_t fault, bool begins);
  void notice(std::uint32_t fault);
  void weigh_regions();
  void alter(std::uint32_t node);
  void cut(std::uint32_t node);
  void list_node(std::uint32_t node, bool listed);
  void start_node(std::uint32_t node);
  void scale(std::uint32_t fleet);
  std::vector<std::uint32_t> nodes_of(const Fault& fault) const;

  Instant instant() const { return kEpoch + Nanos(now_ns); }
  void push(std::int64_t time_ns, std::uint32_t index, Kind kind) {
    queue_.push(time_ns, index, static_cast<std::uint32_t>(kind));
  }
  // Of a frame whose caller has not given up.
  const PlannedEdge& edge_of(const Frame& frame) const {
    return plan.edges[frame.parent == kClient ? plan.services[plan.operations[frame.operation].service].client_edge
                                              : plan.calls[frame.call].edge];
  }

  SimulationOptions options_;
  EventQueue queue_;
  FrameArena frames_;
  std::vector<char> watched_;        // which edges have a breaker, a bulkhead or retries at their callers
  std::vector<ServiceTimes> times_;  // per operation
  std::vector<Fleet> fleets_;
  Bits route_, chance_, users_;
  KeyChoice keys_;
  Random jitter_;
  std::vector<std::uint64_t> operation_busy_ns_, operation_completed_;  // node x operation of its service
  std::vector<std::uint64_t> flow_requests_;                            // node x flow
  std::vector<std::uint32_t> first_operation_;                          // of a node in the two above

  schedule::ArrivalStream* arrivals_ = nullptr;
  std::int64_t arrival_ns_ = kNever;
  schedule::Arrival arrival_{};
  std::vector<FlowState, HugePages<FlowState>> flows_;
  std::vector<std::uint32_t> free_flows_;
  std::uint64_t flows_in_flight_ = 0;
  std::vector<std::uint64_t> steps_in_flight_;
  std::vector<double> region_weights_;  // 0: callers have noticed that it is gone

  std::int64_t horizon_ns_ = 0;  // deadlines before it have an event
  std::int64_t scan_every_ns_ = 0;

  std::vector<Control> controls_;
  std::vector<FleetScaler> scalers_;  // per fleet
  std::vector<char> faulty_;          // which faults are on

  Results results_;
  std::size_t window_ = 0;
  std::int64_t window_end_ns_ = 0;
};

}  // namespace tidemark::twin
