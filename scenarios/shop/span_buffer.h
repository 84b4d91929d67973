// The spans of sampled traces since the last read, at most 2,000; what does not fit is counted, never waited for.
// Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "engine/core/span.h"
#include "engine/core/trace_id.h"

namespace tidemark::shop {

class SpanBuffer {
 public:
  static constexpr std::size_t kCapacity = 2000;
  // One trace in `sample` is kept, decided by its id, so that every node keeps the same traces. 0: none.
  explicit SpanBuffer(std::uint32_t sample) : sample_(sample) {}

  bool wants(const TraceContext& trace) const { return sample_ != 0 && trace.trace_low % sample_ == 0; }
  void add(Span span) {
    if (spans_.size() == kCapacity) {
      spans_.pop_front();
      ++dropped_;
    }
    spans_.push_back(std::move(span));
  }
  std::vector<Span> drain() {
    std::vector<Span> drained(std::make_move_iterator(spans_.begin()), std::make_move_iterator(spans_.end()));
    spans_.clear();
    return drained;
  }
  std::uint64_t dropped() const { return dropped_; }  // since the node started

 private:
  std::uint32_t sample_;
  std::deque<Span> spans_;
  std::uint64_t dropped_ = 0;
};

}  // namespace tidemark::shop
