#include "models/twin/keys.h"

#include <algorithm>
#include <limits>

#pragma clang fp contract(off)

namespace tidemark::twin {
namespace {

std::vector<double> weights_of(const KeySpace& keys) {
  std::vector<double> weights(keys.count);
  double sum = 0;
  for (std::uint32_t i = 0; i < keys.count; ++i) {
    sum += weights[i] = 1.0 + portable_expm1(-keys.skew * portable_log(static_cast<double>(i) + 1.0));
  }
  const std::uint32_t hot = std::min(keys.hot, keys.count);
  for (std::uint32_t i = 0; i < keys.count; ++i) {
    weights[i] *= (1 - (hot > 0 ? keys.hot_share : 0.0)) / sum;
    if (i < hot) weights[i] += keys.hot_share / hot;
  }
  return weights;
}

}  // namespace

KeyChoice::KeyChoice(const KeySpace& keys) : count_(std::max(keys.count, 1U)) {
  if (keys.skew <= 0 && (keys.hot == 0 || keys.hot_share <= 0)) return;
  auto scaled = weights_of(keys);
  for (double& weight : scaled) weight *= count_;
  accept_.assign(count_, std::numeric_limits<std::uint32_t>::max());
  other_.resize(count_);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < count_; ++i) {
    other_[i] = i;
    (scaled[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back(), rich = large.back();
    small.pop_back();
    accept_[poor] = static_cast<std::uint32_t>(scaled[poor] * 0x1.0p32);
    other_[poor] = rich;
    scaled[rich] -= 1 - scaled[poor];
    if (scaled[rich] >= 1) continue;
    large.pop_back();
    small.push_back(rich);
  }
}

std::uint64_t mixed(std::uint64_t key) {
  std::uint64_t z = key + 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

CacheState::CacheState(const Cache& settings, std::uint32_t keys)
    : capacity_(settings.capacity), ttl_ns_(settings.ttl.count()), until_ns_(std::max(keys, 1U), kAbsent) {
  if (capacity_ == 0) return;
  newer_.assign(until_ns_.size(), kEnd);
  older_.assign(until_ns_.size(), kEnd);
}

void CacheState::unlink(std::uint32_t key) {
  (newer_[key] == kEnd ? newest_ : older_[newer_[key]]) = older_[key];
  (older_[key] == kEnd ? oldest_ : newer_[older_[key]]) = newer_[key];
}

void CacheState::to_front(std::uint32_t key) {
  newer_[key] = kEnd;
  older_[key] = newest_;
  (newest_ == kEnd ? oldest_ : newer_[newest_]) = key;
  newest_ = key;
}

bool CacheState::get(std::int64_t now_ns, std::uint32_t key) {
  if (until_ns_[key] <= now_ns) {
    ++misses;
    return false;
  }
  ++hits;
  if (capacity_ > 0 && newest_ != key) {
    unlink(key);
    to_front(key);
  }
  return true;
}

void CacheState::put(std::int64_t now_ns, std::uint32_t key) {
  const bool held = until_ns_[key] != kAbsent;
  until_ns_[key] = ttl_ns_ > 0 ? now_ns + ttl_ns_ : std::numeric_limits<std::int64_t>::max();
  if (capacity_ == 0) return;
  if (held) {
    unlink(key);
  } else if (held_ == capacity_) {
    const std::uint32_t out = oldest_;
    unlink(out);
    until_ns_[out] = kAbsent;
  } else {
    ++held_;
  }
  to_front(key);
}

void CacheState::clear() {
  std::ranges::fill(until_ns_, kAbsent);
  newest_ = oldest_ = kEnd;
  held_ = 0;
}

}  // namespace tidemark::twin
