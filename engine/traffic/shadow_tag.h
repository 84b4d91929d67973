// The shadow tag: a closed set of two values, so that it can fail closed (docs/architecture.md, "shadow tag").
//   x-shadow: live
//   x-shadow: <run>;<flow>;<hmac>     run: 16 hex digits; flow: [a-z0-9_-]{1,32}; hmac: first 32 hex digits of
//                                     HMAC-SHA256(key, "<run>;<flow>")
// Thread-safe: plain values; TagSigner is constant after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace tidemark::traffic {

inline constexpr std::string_view kShadowHeader = "x-shadow";
inline constexpr std::string_view kCallerHeader = "x-tidemark-caller";  // node name of whoever called: named in a 403

struct ShadowTag {
  std::string run;  // empty: live traffic
  std::string flow;
  std::string hmac;

  bool live() const { return run.empty(); }
  std::string header_value() const;
  // Key and table prefix of this tag's mutable data: "live" or "shadow".
  std::string_view world() const { return live() ? "live" : "shadow"; }
};

// Syntax only; nullopt when it is neither "live" nor well formed.
std::optional<ShadowTag> parse_tag(std::string_view header_value);

class TagSigner {
 public:
  explicit TagSigner(std::string key);  // key: any bytes, at least 16
  ShadowTag sign(std::string_view run, std::string_view flow) const;
  bool genuine(const ShadowTag& tag) const;  // constant-time comparison; a live tag is genuine

 private:
  std::string key_;
};

}  // namespace tidemark::traffic
