// Steering a run from outside: what may be asked, and the box through which a request reaches the worker between two
// turns of its loop and its answer comes back. The worker looks at one flag a turn; everything else is rare.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/outcome.h"
#include "engine/core/units.h"

namespace tidemark::drive {

struct ControlRequest {
  enum class Kind { status, rate, pause, resume, stop } kind = Kind::status;
  std::optional<double> factor;  // rate: a multiple of the planned one; or
  std::optional<double> rate;    // rate: flows a second of the open loads, now
};

struct ControlStatus {
  double t_s = 0;
  double planned_s = 0;     // on the schedule's own clock: the same until the rate is changed or the load paused
  double end_s = -1;        // of the sending phase; -1: not known while paused
  std::string state;        // "running", "paused", "draining"
  double factor = 1;        // the rate, as a multiple of the planned one
  double rate = 0;          // flows a second of the open loads, now
  std::uint64_t users = 0;  // of the closed loads, now
  FlowBook flows;
  RequestBook requests;
  std::uint32_t connections = 0;
  std::uint64_t waiting = 0;
};

struct ControlReply {
  std::string problem;  // why nothing was changed; empty: done
  ControlStatus status;
};

class ControlBox {
 public:
  // Any thread but the worker's. nullopt: the worker did not answer within `limit`, or has ended.
  std::optional<ControlReply> ask(const ControlRequest& request, Nanos limit);
  // The worker's.
  bool pending() const { return pending_.load(std::memory_order_relaxed); }
  void serve(const std::function<ControlReply(const ControlRequest&)>& answer);
  void close();  // the worker has ended: whoever asks is told at once

 private:
  std::mutex one_at_a_time_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::atomic<bool> pending_{false};
  bool closed_ = false;
  ControlRequest request_;
  std::optional<ControlReply> reply_;
};

// One line of JSON each, as they go over the socket. Requests: {"do":"rate","factor":2}, {"do":"rate","rate":500},
// {"do":"pause"}, "resume", "stop", "status". Anything else is refused with what was wrong.
std::string to_line(const ControlRequest& request);
Result<ControlRequest> parse_control_request(std::string_view line);
std::string to_line(const ControlReply& reply);
Result<ControlReply> parse_control_reply(std::string_view line);

}  // namespace tidemark::drive
