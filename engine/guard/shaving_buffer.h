// Peak shaving in front of something with a rate it can stand: while it is calm, calls go straight through; in a burst
// they wait in memory, first come first served, and are drained at that rate; what does not fit is refused, or goes to
// a queue that outlives the process (the event log, Kafka). Calm is a token bucket: `rate` a second, `burst` at once.
// While anything waits, newcomers wait behind it, so nobody overtakes.
//
// `mode` chooses among the three that a team compares on one burst: direct (no shaving at all), buffer, queue
// (everything through the queue, calm or not). A decision over `now`. One owner.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>

#include "engine/core/units.h"
#include "engine/guard/token_bucket.h"

namespace tidemark::guard {

struct BufferSettings {
  enum class Mode : std::uint8_t { direct, buffer, queue };
  static constexpr std::array<std::string_view, 3> kModes = {"direct", "buffer", "queue"};
  enum class Overflow : std::uint8_t { refuse, queue };
  static constexpr std::array<std::string_view, 2> kOverflows = {"refuse", "queue"};

  Mode mode = Mode::buffer;
  double rate = 100;              // calls a second to what is behind it
  double burst = 20;              // calls at once that still count as calm
  std::uint32_t capacity = 1000;  // calls that may wait in memory
  Overflow overflow = Overflow::refuse;
  Nanos longest =
      std::chrono::seconds(30);  // refused at once rather than to wait longer than this; 0: no matter how long

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.word("mode", self.mode, kModes);
    fields.number("rate", self.rate, 0.001, 1e7);
    fields.number("burst", self.burst, 1, 1e6);
    fields.count("capacity", self.capacity, 0, 10'000'000);
    fields.word("overflow", self.overflow, kOverflows);
    fields.duration("longest", self.longest, Nanos{}, std::chrono::hours(24));
  }
};

class ShavingBuffer {
 public:
  enum class Decision : std::uint8_t { direct, buffered, to_queue, refused };

  explicit ShavingBuffer(const BufferSettings& settings);
  Decision offer(Instant now, std::uint64_t ticket);
  // When the next waiting call is due; Instant::max() when none waits.
  Instant next_drain(Instant now);
  // Takes the next waiting call if it is due. Ask until it says no.
  bool drain(Instant now, std::uint64_t* ticket);
  // A waiting call gives up. False if it no longer waits. Linear in the number that wait.
  bool abandon(std::uint64_t ticket);

  std::size_t waiting() const { return waiting_.size(); }
  struct Counts {
    std::uint64_t direct = 0, buffered = 0, queued = 0, refused = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  Decision overflow();

  BufferSettings settings_;
  TokenBucket tokens_;
  std::deque<std::uint64_t> waiting_;
  Counts counts_;
};

}  // namespace tidemark::guard
