// What a cache's clients and the cache node agree on beyond RESP (docs/stores.md, "cache"). Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

inline constexpr const char* kCacheRespService = "cache-resp";  // the registry's name for the RESP ports
inline constexpr const char* kAuditor = "audit";  // user of AUTH: may SCAN and GET every key, nothing else

// "live:KEY" or "shadow:KEY".
inline std::string world_key(const traffic::ShadowTag& tag, std::string_view key) {
  return std::string(tag.world()) + ":" + std::string(key);
}

// The auditor's password, 32 hex digits, from the stack's tag key: only who may tag traffic may audit it.
inline std::string auditor_password(const std::string& tag_key) {
  return traffic::TagSigner(tag_key).sign("0000000000000000", "cache-audit").hmac;
}

}  // namespace tidemark::shop
