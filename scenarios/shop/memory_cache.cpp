#include "scenarios/shop/memory_cache.h"

namespace tidemark::shop {

MemoryCache::List::iterator MemoryCache::find(std::string_view key, Instant now) {
  const auto found = index_.find(key);
  if (found == index_.end()) return recent_.end();
  if (found->second->expires > now) return found->second;
  erase(found->second);
  return recent_.end();
}

void MemoryCache::erase(List::iterator entry) {
  bytes_ -= entry->cost();
  index_.erase(entry->key);
  by_number_.erase(entry->number);
  recent_.erase(entry);
}

const std::string* MemoryCache::peek(std::string_view key, Instant now) {
  const auto entry = find(key, now);
  return entry == recent_.end() ? nullptr : &entry->value;
}

const std::string* MemoryCache::get(std::string_view key, Instant now) {
  const auto entry = find(key, now);
  if (entry == recent_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, entry);
  return &entry->value;
}

bool MemoryCache::set(std::string_view key, std::string value, std::optional<Nanos> ttl, Instant now) {
  std::uint64_t number = 0;
  if (const auto old = find(key, now); old != recent_.end()) {
    number = old->number;
    erase(old);
  }
  Entry entry{std::string(key), std::move(value), Instant::max(), number == 0 ? next_number_++ : number};
  if (ttl && *ttl < Instant::max() - now) entry.expires = now + *ttl;
  if (entry.cost() > capacity_) return false;
  bytes_ += entry.cost();
  recent_.push_front(std::move(entry));
  index_.emplace(recent_.front().key, recent_.begin());
  by_number_.emplace(recent_.front().number, recent_.begin());
  while (bytes_ > capacity_) {
    evictions_ += recent_.back().expires > now ? 1 : 0;
    erase(std::prev(recent_.end()));
  }
  return true;
}

bool MemoryCache::del(std::string_view key, Instant now) {
  const auto entry = find(key, now);
  if (entry == recent_.end()) return false;
  erase(entry);
  return true;
}

std::optional<Nanos> MemoryCache::ttl(std::string_view key, Instant now) {
  const auto entry = find(key, now);
  if (entry == recent_.end()) return std::nullopt;
  return entry->expires == Instant::max() ? Nanos::max() : entry->expires - now;
}

MemoryCache::Page MemoryCache::scan(std::uint64_t cursor, std::size_t count, Instant now) {
  Page page;
  auto at = by_number_.lower_bound(cursor);
  for (; at != by_number_.end() && page.keys.size() < count; ++at) {
    if (at->second->expires > now) page.keys.push_back(at->second->key);
  }
  page.next = at == by_number_.end() ? 0 : at->first;
  return page;
}

}  // namespace tidemark::shop
