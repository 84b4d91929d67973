#include "engine/guard/shaving_buffer.h"

#include <algorithm>

namespace tidemark::guard {

ShavingBuffer::ShavingBuffer(const BufferSettings& settings)
    : settings_(settings), tokens_(Rate::per_second(settings.rate), settings.burst) {}

ShavingBuffer::Decision ShavingBuffer::overflow() {
  if (settings_.overflow == BufferSettings::Overflow::queue) {
    ++counts_.queued;
    return Decision::to_queue;
  }
  ++counts_.refused;
  return Decision::refused;
}

ShavingBuffer::Decision ShavingBuffer::offer(Instant now, std::uint64_t ticket) {
  if (settings_.mode == BufferSettings::Mode::queue) {
    ++counts_.queued;
    return Decision::to_queue;
  }
  if (settings_.mode == BufferSettings::Mode::direct || (waiting_.empty() && tokens_.allow(now))) {
    ++counts_.direct;
    return Decision::direct;
  }
  const double wait_s = static_cast<double>(waiting_.size() + 1) / settings_.rate;
  const bool too_long = settings_.longest > Nanos{} && wait_s > to_seconds(settings_.longest);
  if (waiting_.size() >= settings_.capacity || too_long) return overflow();
  waiting_.push_back(ticket);
  ++counts_.buffered;
  return Decision::buffered;
}

Instant ShavingBuffer::next_drain(Instant now) {
  return waiting_.empty() ? Instant::max() : tokens_.next_allowed(now);
}

bool ShavingBuffer::drain(Instant now, std::uint64_t* ticket) {
  if (waiting_.empty() || !tokens_.allow(now)) return false;
  *ticket = waiting_.front();
  waiting_.pop_front();
  return true;
}

bool ShavingBuffer::abandon(std::uint64_t ticket) {
  const auto found = std::ranges::find(waiting_, ticket);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

}  // namespace tidemark::guard
