#include "models/twin/event_queue.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <utility>

namespace tidemark::twin {
namespace {

constexpr double kEventsInASlot = 256;  // many, so that ahead() seldom looks past the end of one
constexpr std::size_t kFewEvents = 24;  // up to so many are sorted by insertion at once

// Stable; short runs are nearly sorted already.
void insertion_sort(Event* first, Event* last) {
  for (Event* at = first + (first != last); at < last; ++at) {
    const Event event = *at;
    Event* hole = at;
    for (; hole > first && hole[-1].time_ns > event.time_ns; --hole) *hole = hole[-1];
    *hole = event;
  }
}

}  // namespace

EventQueue::EventQueue(double per_second)
    : near_(std::size_t{1} << kNearBits),
      far_(std::size_t{1} << kFarBits),
      near_bits_((std::size_t{1} << kNearBits) / 64),
      far_bits_((std::size_t{1} << kFarBits) / 64) {
  const double width_ns = kEventsInASlot * 1e9 / std::max(per_second, 1.0);
  shift_ = std::clamp(static_cast<int>(std::lround(std::log2(width_ns))), 8, 24);
  slot_end_ = 0;
  turn_end_ = std::int64_t{1} << (shift_ + kNearBits);
  era_end_ = std::int64_t{1} << (shift_ + kNearBits + kFarBits);
}

void EventQueue::open_chunk(Slot& slot, Bits& bits, std::size_t index) {
  std::uint32_t chunk = 0;
  if (free_chunks_.empty()) {
    chunk = static_cast<std::uint32_t>(next_chunk_.size());
    next_chunk_.push_back(kNone);
    chunks_.resize(chunks_.size() + kChunk);
  } else {
    chunk = free_chunks_.back();
    free_chunks_.pop_back();
    next_chunk_[chunk] = kNone;
  }
  if (slot.count == 1) {
    slot.first = chunk;
    bits[index / 64] |= std::uint64_t{1} << (index % 64);
  } else {
    next_chunk_[slot.last] = chunk;
  }
  slot.last = chunk;
}

void EventQueue::push_late(const Event& event) {
  late_.push_back({event, late_number_++});
  std::push_heap(late_.begin(), late_.end(), [](const Late& a, const Late& b) { return b.before(a); });
}

Event EventQueue::pop_late() {
  std::pop_heap(late_.begin(), late_.end(), [](const Late& a, const Late& b) { return b.before(a); });
  const Event event = late_.back().event;
  late_.pop_back();
  return event;
}

void EventQueue::push_far(const Event& event) {
  if (event.time_ns < era_end_) {
    append(far_, far_bits_, (event.time_ns >> (shift_ + kNearBits)) & kFarMask, event);
  } else {
    beyond_.push_back(event);
  }
}

template <class Take>
void EventQueue::empty_slot(Slot& slot, Take take) {
  std::uint32_t left = slot.count;
  std::uint32_t chunk = slot.first;
  slot = Slot{};
  while (left > 0) {
    const std::uint32_t here = std::min(left, kChunk), next = next_chunk_[chunk];
    // Copies: what takes an event may make the pool of chunks grow. Freed last: nothing it opens may be this one.
    for (std::uint32_t i = 0; i < here; ++i) take(Event(chunks_[chunk * kChunk + i]));
    left -= here;
    free_chunks_.push_back(chunk);
    chunk = next;
  }
}

std::size_t EventQueue::next_bit(const Bits& bits, std::size_t from) {
  std::size_t word = from / 64;
  if (word >= bits.size()) return bits.size() * 64;
  std::uint64_t rest = bits[word] & (~std::uint64_t{0} << (from % 64));
  while (rest == 0) {
    if (++word == bits.size()) return bits.size() * 64;
    rest = bits[word];
  }
  return word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
}

// The slot's events in the order of time. They come in the order of pushing, which counting by the upper bits of the
// offset and then inserting keep for equal times.
void EventQueue::sort_loaded() {
  sorted_.resize(loaded_.size());
  at_ = 0;
  if (loaded_.size() <= kFewEvents) {
    std::copy(loaded_.begin(), loaded_.end(), sorted_.begin());
  } else {
    constexpr std::size_t kBins = 256;
    std::array<std::uint32_t, kBins> place{};
    const int down = shift_ - 8;
    for (const Event& event : loaded_) ++place[static_cast<std::size_t>(event.time_ns >> down) % kBins];
    std::uint32_t sum = 0;
    for (std::uint32_t& count : place) sum += std::exchange(count, sum);
    for (const Event& event : loaded_)
      sorted_[place[static_cast<std::size_t>(event.time_ns >> down) % kBins]++] = event;
    if (loaded_.size() > kBins * kFewEvents) {  // a crowd: its bins are no longer short
      std::stable_sort(sorted_.begin(), sorted_.end(),
                       [](const Event& a, const Event& b) { return a.time_ns < b.time_ns; });
      return;
    }
  }
  insertion_sort(sorted_.data(), sorted_.data() + sorted_.size());
}

void EventQueue::load(Slot& slot) {
  loaded_.clear();
  empty_slot(slot, [this](const Event& event) { loaded_.push_back(event); });
  sort_loaded();
}

// To the next slot that holds something, unless it begins at `limit` or later.
bool EventQueue::advance(std::int64_t limit) {
  for (;;) {
    const std::int64_t turn = turn_end_ - (std::int64_t{1} << (shift_ + kNearBits));
    const std::size_t from = static_cast<std::size_t>((slot_end_ - turn) >> shift_);
    const std::size_t index = next_bit(near_bits_, from);
    if (index == near_.size()) {
      if (!next_turn(limit)) return false;
      continue;
    }
    const std::int64_t start = turn + (static_cast<std::int64_t>(index) << shift_);
    if (start >= limit) return false;
    near_bits_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    slot_end_ = start + (std::int64_t{1} << shift_);
    load(near_[index]);
    return true;
  }
}

// The first wheel is empty: the next slot of the second is spread over it, or the next era begins.
bool EventQueue::next_turn(std::int64_t limit) {
  const int turn_shift = shift_ + kNearBits;
  const std::int64_t era = era_end_ - (std::int64_t{1} << (turn_shift + kFarBits));
  const std::size_t from = static_cast<std::size_t>((turn_end_ - era) >> turn_shift);
  const std::size_t index = next_bit(far_bits_, from);
  if (index < far_.size()) {
    const std::int64_t start = era + (static_cast<std::int64_t>(index) << turn_shift);
    if (start >= limit) return false;
    far_bits_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    slot_end_ = start;
    turn_end_ = start + (std::int64_t{1} << turn_shift);
    empty_slot(far_[index],
               [this](const Event& event) { append(near_, near_bits_, (event.time_ns >> shift_) & kNearMask, event); });
    return true;
  }
  const auto earliest = std::ranges::min_element(beyond_, {}, &Event::time_ns);
  if (earliest == beyond_.end() || earliest->time_ns >= limit) return false;
  const int era_shift = turn_shift + kFarBits;
  const std::int64_t next_era = earliest->time_ns >> era_shift << era_shift;
  era_end_ = next_era + (std::int64_t{1} << era_shift);
  slot_end_ = turn_end_ = next_era;  // the wheel's turn before the era's first: the loop comes here again for it
  std::vector<Event> waiting;
  waiting.swap(beyond_);
  for (const Event& event : waiting) push_far(event);
  return true;
}

}  // namespace tidemark::twin
