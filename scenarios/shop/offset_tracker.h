// What a consumer may commit in one partition while it handles several events at once: everything before the lowest one
// that is still under way. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <set>

namespace tidemark::shop {

class OffsetTracker {
 public:
  // False for an event that has been begun before: a second delivery, to be left alone.
  bool begin(std::uint64_t offset) {
    if (offset < position_) return false;
    under_way_.insert(offset);
    position_ = offset + 1;
    return true;
  }
  void end(std::uint64_t offset) { under_way_.erase(offset); }

  std::uint64_t position() const { return position_; }  // the next one to fetch
  // The first offset that is not finished, and whether that is news since the last committed().
  std::uint64_t finished() const { return under_way_.empty() ? position_ : *under_way_.begin(); }
  bool news() const { return finished() > committed_; }
  void committed(std::uint64_t next) { committed_ = next; }

 private:
  std::uint64_t position_ = 0, committed_ = 0;
  std::set<std::uint64_t> under_way_;
};

}  // namespace tidemark::shop
