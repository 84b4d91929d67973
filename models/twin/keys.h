// Which key a flow asks for, and which keys a cache holds: followed exactly, so that hit rates come out of the load.
// Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "models/twin/service_time.h"
#include "models/twin/system.h"

namespace tidemark::twin {

// Keys 0..count-1 by their probabilities, in constant time (Walker 1977, in Vose's form).
class KeyChoice {
 public:
  explicit KeyChoice(const KeySpace& keys);
  std::uint32_t draw(Bits& bits) const {
    if (accept_.empty()) return bits.below(count_);
    const std::uint32_t column = bits.below(count_);
    return static_cast<std::uint32_t>(bits.next() >> 32) < accept_[column] ? column : other_[column];
  }

 private:
  std::uint32_t count_;
  std::vector<std::uint32_t> accept_, other_;  // empty: all alike
};

// The places of the shards: a mix of the key's bits (the finaliser of SplitMix64), so that near keys lie apart.
std::uint64_t mixed(std::uint64_t key);

class CacheState {
 public:
  CacheState(const Cache& settings, std::uint32_t keys);
  // A hit makes the key the most recently used; one past its time is none.
  bool get(std::int64_t now_ns, std::uint32_t key);
  void put(std::int64_t now_ns, std::uint32_t key);
  void clear();
  std::uint64_t hits = 0, misses = 0;

 private:
  void unlink(std::uint32_t key);
  void to_front(std::uint32_t key);

  static constexpr std::int64_t kAbsent = -1;
  static constexpr std::uint32_t kEnd = 0xffff'ffff;
  std::uint32_t capacity_;
  std::int64_t ttl_ns_;
  std::vector<std::int64_t> until_ns_;        // per key; kAbsent: not in
  std::vector<std::uint32_t> newer_, older_;  // with a capacity: a list by use
  std::uint32_t newest_ = kEnd, oldest_ = kEnd, held_ = 0;
};

}  // namespace tidemark::twin
