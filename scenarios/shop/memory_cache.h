// The cache node's memory: keys and values bounded in bytes, least recently used first out, each with an optional time
// to live. Expired entries go when they are met or evicted. `now` is an argument. Not thread-safe: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/units.h"

namespace tidemark::shop {

class MemoryCache {
 public:
  // What an entry costs beside its key and value: list node, hash node, order node, allocator headers (estimated).
  static constexpr std::size_t kEntryOverhead = 192;

  explicit MemoryCache(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  // nullptr: absent or expired. Valid until the next call of a non-const function. `get` counts as use, `peek` does
  // not.
  const std::string* get(std::string_view key, Instant now);
  const std::string* peek(std::string_view key, Instant now);
  // False when the entry alone is above the capacity: nothing is stored, an older value of the key is removed.
  bool set(std::string_view key, std::string value, std::optional<Nanos> ttl, Instant now);
  bool del(std::string_view key, Instant now);  // false: there was none
  // Time left; nullopt: no such key; Nanos::max(): no limit.
  std::optional<Nanos> ttl(std::string_view key, Instant now);

  // Up to `count` keys from `cursor` (0 begins). Every key present from the first to the last call is returned exactly
  // once; `next` is 0 at the end. Keys set meanwhile may or may not appear.
  struct Page {
    std::vector<std::string> keys;
    std::uint64_t next = 0;
  };
  Page scan(std::uint64_t cursor, std::size_t count, Instant now);

  std::size_t size() const { return index_.size(); }  // expired ones not yet met included
  std::size_t bytes() const { return bytes_; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  struct Entry {
    std::string key, value;
    Instant expires = Instant::max();
    std::uint64_t number = 0;  // of the key's creation: the order of scan(), kept when the value is replaced
    std::size_t cost() const { return key.size() + value.size() + kEntryOverhead; }
  };
  using List = std::list<Entry>;

  List::iterator find(std::string_view key, Instant now);
  void erase(List::iterator entry);

  const std::size_t capacity_;
  List recent_;                                                 // front: used last
  std::unordered_map<std::string_view, List::iterator> index_;  // views into the entries' own keys
  std::map<std::uint64_t, List::iterator> by_number_;
  std::uint64_t next_number_ = 1;
  std::size_t bytes_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace tidemark::shop
