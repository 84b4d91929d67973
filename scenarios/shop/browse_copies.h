// What the gateway still shows when the product service must be spared: the copies of earlier answers, apart for live
// and shadow traffic. Filled only where a degrade plan is declared. The node's own thread.
#pragma once

#include <optional>
#include <string>

#include "engine/traffic/shadow_tag.h"
#include "scenarios/shop/memory_cache.h"

namespace tidemark::shop {

class BrowseCopies {
 public:
  void keep(const traffic::ShadowTag& tag, const std::string& item, const std::string& page, Instant now) {
    memory_.set(key(tag, item), page, kFresh, now);
  }
  std::optional<std::string> find(const traffic::ShadowTag& tag, const std::string& item, Instant now) {
    const std::string* page = memory_.get(key(tag, item), now);
    return page == nullptr ? std::nullopt : std::optional(*page);
  }

 private:
  static constexpr std::size_t kBytes = 16 * 1024 * 1024;
  static constexpr std::chrono::minutes kFresh{10};  // a price older than that is not shown even then
  static std::string key(const traffic::ShadowTag& tag, const std::string& item) {
    return std::string(tag.world()) + ":" + item;
  }
  MemoryCache memory_{kBytes};
};

}  // namespace tidemark::shop
