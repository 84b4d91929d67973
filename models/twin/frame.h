// One attempt of one request at one node, from the caller's decision to its answer: the simulator's smallest thing, a
// cache line. Frames live in an arena and are named by their index. Internal to models/twin.
#pragma once

#include <cstdint>
#include <vector>

#include "models/twin/huge_pages.h"

namespace tidemark::twin {

inline constexpr std::uint32_t kClient = 0xffff'ffff;  // parent of a step's first frame
inline constexpr std::uint32_t kNobody = 0xffff'fffe;  // parent of a frame whose caller has given up

enum class Answer : std::uint8_t {
  ok,
  error,         // a fault's answer
  refused,       // by a limiter
  queue_full,    // by the pool
  crowded,       // by the caller's bulkhead
  open_circuit,  // by the caller's breaker
  unreachable,   // no node, or one that is gone
  timed_out,
};
inline constexpr int kAnswers = 8;
const char* text_of(Answer answer);

// An instant in 256 ns, of which the last 18 minutes can be told apart: what a breaker learns of a call's latency.
inline std::uint32_t called_mark(std::int64_t now_ns) {
  return static_cast<std::uint32_t>(now_ns >> 8);
}
inline std::int64_t ns_since(std::uint32_t mark, std::int64_t now_ns) {
  return std::int64_t{called_mark(now_ns) - mark} << 8;
}

struct alignas(64) Frame {
  enum class State : std::uint8_t {
    free,
    coming,   // on the network, or held back by a limiter that spaces requests
    queued,   // waits for a worker
    working,  // an event will end its own work
    calling,  // waits for answers
    going,    // its answer is on the network
    pausing,  // waits for another attempt
  };
  std::int64_t arrived_ns = 0;   // at the node
  std::int64_t granted_ns = 0;   // it got a worker
  std::int64_t deadline_ns = 0;  // when its caller gives it up
  std::uint32_t parent = kClient;
  std::uint32_t node = 0;
  std::uint32_t flow = 0;  // slot of the flow instance
  std::uint32_t key = 0;
  std::uint32_t called = 0;  // its caller made the call: called_mark()
  std::uint32_t permit = 0;  // of the caller's breaker
  std::uint16_t operation = 0;
  std::uint16_t call = 0;     // that its caller made it for; none of a client's
  std::uint16_t group = 0;    // the next group of calls
  std::uint16_t pending = 0;  // calls of the current one that have no answer yet
  State state = State::free;
  Answer answer = Answer::ok;
  std::uint8_t priority = 0, cohort = 0;
  std::uint8_t attempt = 0;
  bool holds : 1 = false;       // a worker
  bool missed : 1 = false;      // the operation's cache
  bool answered : 1 = false;    // its caller has gone on (Operation::answer_first)
  bool doomed : 1 = false;      // its node is gone: what is under way only frees it
  std::uint16_t flow_kind = 0;  // number of its flow in the system
};
static_assert(sizeof(Frame) == 64);

// Addresses move when it grows: keep indices, not references, over make().
class FrameArena {
 public:
  Frame& operator[](std::uint32_t index) { return frames_[index]; }
  const Frame* data() const { return frames_.data(); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(frames_.size()); }
  std::uint32_t in_use() const { return size() - static_cast<std::uint32_t>(free_.size()); }
  std::uint32_t make() {
    if (free_.empty()) {
      frames_.emplace_back();
      return size() - 1;
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    frames_[index] = Frame{};
    return index;
  }
  void free(std::uint32_t index) {
    frames_[index].state = Frame::State::free;
    free_.push_back(index);
  }

 private:
  std::vector<Frame, HugePages<Frame>> frames_;
  std::vector<std::uint32_t> free_;
};

}  // namespace tidemark::twin
