// The simulator's queue of future events, in the order of time, equal times in the order of pushing: a hierarchical
// timing wheel whose current slot is sorted when its turn comes (Varghese, Lauck 1987; the sorting is the ladder
// queue's, Tang et al. 2005). Two wheels and a heap of slots: a push and a pop cost the same however many events wait.
// Events lie in chunks of a pool, so that what will be popped together lies together. Not thread-safe: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/twin/huge_pages.h"

namespace tidemark::twin {

struct Event {
  std::int64_t time_ns = 0;
  std::uint32_t index = 0;  // of what it happens to
  std::uint32_t kind = 0;
};

class EventQueue {
 public:
  // `per_second`: about how many events will be popped in a second of simulated time; sets the width of a slot, and
  // with it speed alone, never order.
  explicit EventQueue(double per_second);

  // Not earlier than the last event popped.
  void push(std::int64_t time_ns, std::uint32_t index, std::uint32_t kind) {
    ++size_;
    const Event event{time_ns, index, kind};
    if (time_ns < slot_end_) return push_late(event);
    if (time_ns < turn_end_) return append(near_, near_bits_, (time_ns >> shift_) & kNearMask, event);
    push_far(event);
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Whether the next event is before `limit`; it is `next()` then. Asking for no more than is needed keeps what will
  // still be pushed before the next event out of the current slot.
  bool due(std::int64_t limit) {
    if (at_ == sorted_.size() && late_.empty() && !advance(limit)) return false;
    return next() < limit;
  }
  // Its time, after due() has found that there is one.
  std::int64_t next() const {
    if (late_.empty()) return sorted_[at_].time_ns;
    const std::int64_t late_ns = late_.front().event.time_ns;
    return at_ == sorted_.size() ? late_ns : std::min(sorted_[at_].time_ns, late_ns);
  }
  // The next event, which due() has found.
  Event pop() {
    --size_;
    // On a tie what was sorted was pushed before what came late.
    if (late_.empty() || (at_ < sorted_.size() && sorted_[at_].time_ns <= late_.front().event.time_ns)) {
      return sorted_[at_++];
    }
    return pop_late();
  }
  // The event that will probably be popped after `distance` more, for prefetching what it happens to; null if unknown.
  const Event* ahead(std::size_t distance) const {
    return at_ + distance < sorted_.size() ? &sorted_[at_ + distance] : nullptr;
  }

 private:
  static constexpr int kNearBits = 14, kFarBits = 12;  // slots of the first and of the second wheel
  static constexpr std::int64_t kNearMask = (1 << kNearBits) - 1, kFarMask = (1 << kFarBits) - 1;
  static constexpr std::uint32_t kChunk = 16;
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  struct Slot {
    std::uint32_t first = kNone, last = kNone, count = 0;
  };
  struct Late {
    Event event;
    std::uint64_t number;
    bool before(const Late& other) const {
      return event.time_ns != other.event.time_ns ? event.time_ns < other.event.time_ns : number < other.number;
    }
  };
  using Bits = std::vector<std::uint64_t>;

  void append(std::vector<Slot>& slots, Bits& bits, std::int64_t index, const Event& event) {
    Slot& slot = slots[static_cast<std::size_t>(index)];
    const std::uint32_t place = slot.count++ % kChunk;
    if (place == 0) open_chunk(slot, bits, static_cast<std::size_t>(index));
    chunks_[slot.last * kChunk + place] = event;
  }
  void open_chunk(Slot& slot, Bits& bits, std::size_t index);
  void push_late(const Event& event);
  void push_far(const Event& event);
  Event pop_late();
  bool advance(std::int64_t limit);
  bool next_turn(std::int64_t limit);
  void load(Slot& slot);
  void sort_loaded();
  template <class Take>
  void empty_slot(Slot& slot, Take take);
  static std::size_t next_bit(const Bits& bits, std::size_t from);

  int shift_;
  std::size_t size_ = 0;
  // The current slot: sorted_[at_...] and, pushed since it was sorted, a heap.
  std::vector<Event> sorted_, loaded_;
  std::size_t at_ = 0;
  std::vector<Late> late_;
  std::uint64_t late_number_ = 0;
  // slot_end_: events before it belong to the current slot. turn_end_: before it, to the first wheel. era_end_: before
  // it, to the second; the rest to beyond_.
  std::int64_t slot_end_, turn_end_, era_end_;
  std::vector<Slot> near_, far_;
  Bits near_bits_, far_bits_;  // of slots that hold something
  std::vector<Event> beyond_;  // in the order of pushing
  std::vector<Event, HugePages<Event>> chunks_;
  std::vector<std::uint32_t> next_chunk_, free_chunks_;
};

}  // namespace tidemark::twin
