// The generator's one thread: sends what the schedule says when it says, follows every request on three clocks, and
// keeps both books. A state machine over epoll: nothing here allocates per request, takes a lock, or sleeps. Requests
// wait in one queue per origin, not on a connection: whichever connection comes free first, or finishes connecting
// first, takes the oldest. Plain HTTP/1.1 is spoken here; every other origin has a Channel, which the worker feeds and
// listens to. So a full listen backlog, which makes the kernel retry a connect after 1 s, 3 s, ..., delays
// that connection but no request. run() is called by its own thread; stop_now() may be called by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/core/random.h"
#include "engine/core/units.h"
#include "engine/drive/channel.h"
#include "engine/drive/channel_factory.h"
#include "engine/drive/control.h"
#include "engine/drive/cut_schedule.h"
#include "engine/drive/event_loop.h"
#include "engine/drive/flow_table.h"
#include "engine/drive/interval_stats.h"
#include "engine/drive/load_clock.h"
#include "engine/drive/lua_sandbox.h"
#include "engine/drive/pacer.h"
#include "engine/drive/request_plan.h"
#include "engine/drive/response_framing.h"
#include "engine/drive/self_monitor.h"
#include "engine/drive/socket_address.h"
#include "engine/drive/user_pool.h"
#include "engine/guard/window_limit.h"
#include "engine/schedule/arrivals.h"

namespace tidemark::drive {

struct WorkerOptions {
  const schedule::Scenario* scenario = nullptr;
  const schedule::TextTable* logged_targets = nullptr;     // replay: the target of each arrival
  std::unique_ptr<schedule::ArrivalStream> arrivals;       // of the open loads; nullptr: there is none
  std::vector<UserPool> users;                             // of the closed loads
  std::vector<schedule::ArrivalStream::StageMark> stages;  // where windows are cut
  Nanos duration{};                                        // of the sending phase of the open loads
  Nanos grace{};                                           // after the sending phase, for what is under way
  Nanos spin{};                                            // polled instead of slept before each planned instant
  ControlBox* control = nullptr;                           // who steers the run; nullptr: nobody
  std::uint32_t connections = 1;                           // at most
  std::uint64_t most_waiting = 1;                          // flows waiting for a connection; beyond: dropped
  std::uint32_t most_per_second = 0;                       // requests, in any second whatever; 0: no limit
  std::uint64_t seed = 1;
  std::string run_id;
  Instant start;  // instant zero of the run
  const std::atomic<int>* stop_signal = nullptr;
  bool tagged = false;  // requests carry the shadow tag
  std::string script;   // Lua, "" for none; it has been found to load
  // For a single iteration that somebody wants to see. Called on the worker's thread.
  std::function<void(Exchange&&)> on_exchange;  // each one, hops of redirects too
  std::function<void(const std::vector<std::string>& values, bool completed)> on_flow_end;  // values by slot
  std::function<std::unique_ptr<Channel>(const ChannelContext&)> make_channel = drive::make_channel;
};

class Worker final : private Channel::Owner {
 public:
  // Late is a send that was ready to go and left more than this after its instant (docs/decisions.md, "validity").
  static constexpr std::int64_t kLateNs = 1'000'000;

  Worker(WorkerOptions options, RequestPlan plan, EventLoop loop, Mailbox& mailbox);
  ~Worker();

  void run();  // returns after the last interval has been put into the mailbox
  void stop_now() { stop_now_.store(true, std::memory_order_relaxed); }
  // No further request is sent; those under way are waited for as after a signal.
  void end_early() { end_early_.store(true, std::memory_order_relaxed); }

  // After run(): the books as the worker kept them, and the signal that ended the run (0: none).
  const FlowBook& flows() const { return flow_book_; }
  const RequestBook& requests() const { return request_book_; }
  int stopped_by() const { return stopped_by_; }
  std::int64_t sending_ns() const { return sending_ns_; }  // length of the sending phase, shorter if it was stopped
  bool ended_by_control() const { return ended_by_control_; }

 private:
  struct Connection {
    enum class State : std::uint8_t { closed, connecting, idle, busy };
    int fd = -1;
    std::uint32_t generation = 0;  // events of an earlier user of this slot are recognised by it
    std::uint32_t origin = 0;
    std::uint32_t flow = kNone;
    State state = State::closed;
    bool reused = false;   // has carried an answer before
    bool touched = false;  // a byte of the current answer has arrived
    std::string unsent;    // what the kernel did not take at once
    // Of an answer that did not arrive whole: its beginning, a header and what an exchange keeps of a body.
    static constexpr std::size_t kMostReceived = 80 * 1024;
    std::string received;
    ResponseFraming framing;
  };
  struct OriginPool {
    SocketAddress address;
    std::vector<std::uint32_t> idle;    // a stack: the warmest is used first
    std::deque<std::uint32_t> waiting;  // flows, oldest first
    std::uint32_t connecting = 0;
    std::unique_ptr<Channel> channel;  // of an origin that is not plain HTTP/1.1; it holds the connections then
    bool room = true;                  // it did not refuse the last submission
  };
  struct UserRef {  // whose flow it is; pool kNone: an arrival's
    std::uint32_t pool = kNone, user = 0;
  };
  struct Wake {  // the end of a think time: of a flow under way, or (pool != kNone) of a user between two flows
    std::int64_t at = 0;
    std::uint32_t index = kNone, pool = kNone;
    bool operator>(const Wake& other) const { return at > other.at; }
  };

  // worker.cpp: time
  std::int64_t now() { return seen_ = (Clock::now() - options_.start).count(); }
  void turn(std::int64_t at);  // everything that is due
  bool finished(std::int64_t at);
  void watch_for_stop(std::int64_t at);
  void cut_due(std::int64_t at);
  void cut(std::int64_t at, CutSchedule::Cut kind, bool last);
  void start_due(std::int64_t until, int at_most);
  void next_planned();
  bool overdue() const;
  void sleep_and_react();
  void find_end();
  void wake_due(std::int64_t at);
  void expire_due(std::int64_t at);
  std::int64_t next_instant(std::int64_t at) const;
  void end_sending(std::int64_t at);

  // worker_control.cpp: a run that is steered
  void serve_control();
  ControlReply steer(const ControlRequest& request, std::int64_t at);
  std::string change_rate(const ControlRequest& request, std::int64_t at);
  void rescheduled(const char* what, std::int64_t at);
  ControlStatus control_status(std::int64_t at) const;

  // worker_flows.cpp: flows and their requests
  void begin_user(std::uint32_t pool, const UserPool::Start& start);
  void users_join(std::int64_t at);
  void user_ended(UserRef who, std::int64_t begun, std::int64_t at, bool refused);
  void begin_flow(std::uint32_t flow, std::uint64_t number, std::int64_t planned, UserRef who);
  void begin_step(std::uint32_t index, std::int64_t planned, bool by_timer);
  void count_send(std::int64_t lateness);
  void count_started(FlowSlot& slot);
  void count_retry(FlowSlot& slot);
  void end_request(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view error,
                   const Answer* answer = nullptr);
  void advance_flow(std::uint32_t index, Outcome outcome, std::int64_t at, bool refused);
  void leave_flow(std::uint32_t index, bool completed, std::int64_t at, bool refused);
  void finish_answer(std::uint32_t connection, std::int64_t at, bool reusable);
  enum class Settled : std::uint8_t { ok, failed, redirected };
  Settled settle(std::uint32_t index, const Answer& answer, std::int64_t at);
  void go_on(std::uint32_t index, Settled settled, std::int64_t at);
  std::string& request_bytes(FlowSlot& slot, bool again = false);
  const std::string* logged_target(const FlowSlot& slot);
  void record_clocks(const FlowSlot& slot, std::uint32_t series, std::int64_t at);
  bool note_error(std::string_view kind);  // true: the first of its kind in this interval
  const CompiledStep& step_of(const FlowSlot& slot) const { return plan_.flows[slot.flow].steps[slot.step]; }

  // worker_state.cpp: flows that have a state, and answers that lead to more than checks
  std::optional<std::size_t> row_of(const FeederColumn& column, std::uint64_t number, UserRef who) const;
  void end_of_data();
  bool feeders_end(std::uint32_t flow, std::uint64_t number, UserRef who) const;
  FlowState& state_of(FlowSlot& slot);
  void bring_cookies(FlowSlot& slot);
  void leave_cookies(FlowSlot& slot);
  void begin_state(FlowSlot& slot);
  bool prepare_step(std::uint32_t index, std::int64_t at);
  std::optional<std::string> prepare_values(const CompiledStep& step, FlowSlot& slot);
  std::optional<std::string> evaluate(const CompiledCalls& calls, FlowSlot& slot);
  FlowWalk::Result next_step(FlowSlot& slot, std::int64_t ended, std::int64_t think);
  std::int64_t think_after(FlowSlot& slot);
  Settled settle_fully(std::uint32_t index, const Answer& answer, std::int64_t at);
  std::optional<std::string> redirect(FlowSlot& slot, const Answer& answer, bool& follow);
  std::optional<std::string> accept(FlowSlot& slot, const Answer& answer, std::int64_t at);
  void take_cookies(FlowSlot& slot, const Answer& answer);
  bool is_dressed(const FlowSlot& slot) const {
    return slot.state && (slot.state->hop || slot.state->cookies.size() > 0);
  }
  template <class Request>
  void dress(FlowSlot& slot, Request& request, std::string_view target);
  void resend(std::uint32_t index);
  LuaSandbox::Flow lua_flow(FlowSlot& slot) const;
  void find_functions();

  // worker_exchanges.cpp: exchanges kept whole
  void keep_failure(FlowSlot& slot, std::string_view kind, Outcome outcome, const Answer* answer, std::int64_t at);
  Exchange exchange_of(FlowSlot& slot, const Answer* answer, std::int64_t at);
  void observe(FlowSlot& slot, Outcome outcome, std::string_view kind, const Answer* answer, std::int64_t at);

  // worker_channels.cpp: everything that is not plain HTTP/1.1
  void make_channels();
  void feed(std::uint32_t origin);
  const Rendered& rendered_request(FlowSlot& slot, bool again = false);
  void on_channel_event(const EventLoop::Event& event);
  void run_channels(std::int64_t at);
  std::int64_t next_channel_timer() const;
  std::uint32_t channel_connections() const;
  void on_sent(std::uint32_t exchange) override;
  void on_answer(std::uint32_t exchange, const Answer& answer) override;
  void on_failure(std::uint32_t exchange, std::string_view why, bool connecting) override;
  void on_refused(std::uint32_t exchange, std::string_view why) override;
  void on_room() override;
  void on_exhausted(bool of_ports) override;

  // worker_connections.cpp: sockets
  void on_event(const EventLoop::Event& event);
  bool must_hold(std::int64_t at);
  void resume_held(std::int64_t at);
  void pump(std::uint32_t origin);
  bool open_connection(std::uint32_t origin);
  void refuse_oldest(std::uint32_t origin, const char* what, int error);
  bool evict_idle(std::uint32_t except_origin);
  void on_connected(std::uint32_t index);
  void send_on(std::uint32_t index, std::uint32_t flow, std::int64_t at);
  void flush(std::uint32_t index);
  void receive(std::uint32_t index);
  void receive_all(std::uint32_t index);
  void lose(std::uint32_t index, std::string_view why);
  void release(std::uint32_t index);
  void close_connection(std::uint32_t index);
  std::uint64_t tag_of(std::uint32_t index) const {
    return ((std::uint64_t{connections_[index].generation} << 32U) | index) & ~ChannelContext::kTagBit;
  }

  // Immutable after construction, but for the trace ids in the plan's bytes.
  WorkerOptions options_;
  RequestPlan plan_;
  bool open_model_;  // at least one load is open
  std::int64_t timeout_ns_;
  std::int64_t end_ns_ = 0;  // of the sending phase; moves when the run is steered

  // The worker's own.
  EventLoop loop_;
  Mailbox& mailbox_;
  SelfMonitor monitor_;
  CutSchedule cuts_;
  std::unique_ptr<IntervalStats> interval_;
  FlowTable flows_;
  std::vector<Connection> connections_;
  std::vector<std::uint32_t> free_connections_;
  std::vector<OriginPool> pools_;
  std::vector<std::uint32_t> channels_;  // origins that have one, by the number in their tag
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::optional<schedule::Arrival> next_arrival_;
  std::int64_t next_due_ = LoadClock::kNever;  // when next_arrival_ is planned on the run's clock
  LoadClock clock_;                            // of the open loads
  Pacer pacer_;
  std::int64_t polled_ns_ = 0;  // since the last cut: looked at idle sockets until something was due
  double factor_ = 1;           // the rate, as a multiple of the planned one
  bool paused_ = false;
  Random traces_;
  IndexedRandom variables_;
  std::vector<std::uint64_t> series_in_flight_;
  FlowBook flow_book_;
  RequestBook request_book_;
  std::uint64_t waiting_ = 0;
  std::uint32_t open_connections_ = 0;
  std::int64_t seen_ = 0;  // the last look at the clock
  std::int64_t cut_from_ = 0, drain_until_ = 0, sending_ns_ = 0;
  std::optional<guard::WindowLimit> limit_;  // of most_per_second
  std::int64_t held_until_ = INT64_MAX;      // when what the limit holds back may go on; INT64_MAX: nothing is held
  bool sending_ = true, stopping_ = false, ended_by_control_ = false;
  int stopped_by_ = 0;
  std::string scratch_, logged_target_;
  Rendered rendered_;
  std::unique_ptr<LuaSandbox> lua_;
  std::vector<std::string> taken_;  // what captures found
  std::string decoded_, text_;      // an answer's content; a rendered text
  std::string_view arriving_;       // the read in progress, and whose it is
  std::uint32_t arriving_on_ = kNone;
  std::set<std::string, std::less<>> kept_failures_;                           // kinds
  std::map<std::pair<std::uint32_t, std::uint32_t>, CookieJar> user_cookies_;  // of users between two flows
  bool data_ended_ = false;                                                    // a feeder has: no flow starts any more
  std::uint64_t parked_ = 0;  // requests in flight in the books that nothing is heard of any more
  std::unique_ptr<char[]> receive_buffer_;

  std::atomic<bool> stop_now_{false}, end_early_{false};
};

}  // namespace tidemark::drive
