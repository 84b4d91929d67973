// The flows under way, in a slab addressed by index, and the list of their deadlines. The time-out is one number per
// run and requests enter in time order, so a linked list in that order is the whole timer wheel: O(1) to arm, to disarm
// and to expire. One owner.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/drive/flow_state.h"

namespace tidemark::drive {

inline constexpr std::uint32_t kNone = 0xffff'ffff;

struct FlowSlot {
  // parked: a redirect that is not followed, since the run is being stopped.
  enum class Phase : std::uint8_t { free, thinking, waiting, in_flight, parked };
  Phase phase = Phase::free;
  bool started = false;  // the current request has been counted as started
  bool retried = false;  // ... and sent again on another connection
  std::uint32_t flow = 0, step = 0;
  std::uint32_t origin = 0;  // of the current request: the step's, or where a redirect led
  std::uint32_t connection = kNone;
  std::uint32_t pool = kNone, user = 0;          // whose it is, in a closed load
  std::uint32_t earlier = kNone, later = kNone;  // the deadline list
  std::uint64_t number = 0;
  // Nanoseconds since the run's start.
  std::int64_t begun = 0;    // planned start of the flow
  std::int64_t planned = 0;  // of the current request
  std::int64_t sent = -1;    // its first byte was handed to the kernel
  std::int64_t deadline = 0;
  std::uint64_t trace_high = 0, trace_low = 0, span = 0;
  std::unique_ptr<FlowState> state;  // only of flows that need one
};

class FlowTable {
 public:
  std::uint32_t allocate();
  void release(std::uint32_t index);                                   // must not be on the deadline list
  FlowSlot& operator[](std::uint32_t index) { return slots_[index]; }  // valid until the next allocate()
  const FlowSlot& operator[](std::uint32_t index) const { return slots_[index]; }
  std::uint64_t active() const { return slots_.size() - free_.size(); }

  void arm(std::uint32_t index, std::int64_t deadline);  // never earlier than one armed before
  void disarm(std::uint32_t index);
  std::uint32_t next_to_expire() const { return first_; }  // kNone: none is armed

 private:
  std::vector<FlowSlot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t first_ = kNone, last_ = kNone;
};

}  // namespace tidemark::drive
