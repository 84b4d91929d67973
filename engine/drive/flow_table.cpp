#include "engine/drive/flow_table.h"

#include <cassert>

namespace tidemark::drive {

std::uint32_t FlowTable::allocate() {
  if (free_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void FlowTable::release(std::uint32_t index) {
  FlowSlot& slot = slots_[index];
  assert(slot.phase != FlowSlot::Phase::free);
  slot.phase = FlowSlot::Phase::free;
  slot.state.reset();
  free_.push_back(index);
}

void FlowTable::arm(std::uint32_t index, std::int64_t deadline) {
  FlowSlot& slot = slots_[index];
  assert(last_ == kNone || slots_[last_].deadline <= deadline);
  slot.deadline = deadline;
  slot.earlier = last_;
  slot.later = kNone;
  (last_ == kNone ? first_ : slots_[last_].later) = index;
  last_ = index;
}

void FlowTable::disarm(std::uint32_t index) {
  FlowSlot& slot = slots_[index];
  (slot.earlier == kNone ? first_ : slots_[slot.earlier].later) = slot.later;
  (slot.later == kNone ? last_ : slots_[slot.later].earlier) = slot.earlier;
  slot.earlier = slot.later = kNone;
}

}  // namespace tidemark::drive
