// Proves that nothing leaked: scans the payload of every row, key and event in every store of a running stack, live and
// shadow, and looks for tagged data in live stores and untagged data in shadow ones. It ignores names and prefixes, so
// it does not trust the writer: only the run id inside the payload counts (docs/architecture.md, "shadow tag").
// Blocking.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::shop {

struct AuditResult {
  std::map<std::string, std::uint64_t> scanned;  // "store/live/orders" -> rows
  std::vector<Leak> leaks;                       // the first kLeaksListed
  std::uint64_t leak_count = 0;                  // all of them
};
inline constexpr std::size_t kLeaksListed = 1000;

// What the place of a payload promises: file, key prefix or topic prefix. `unknown` is itself a leak: nobody may write
// there.
enum class AuditedWorld { live, shadow, unknown };
// The rule for one payload: what is wrong with finding it there, nullopt when nothing is. Pure.
std::optional<std::string> leak_in(AuditedWorld world, std::string_view payload);

// Every payload is JSON with "_run": "<run id>" (shadow) or "_run": "" (live). Exit 4 when a store does not answer.
Result<AuditResult> audit(const StackInfo& stack);

}  // namespace tidemark::shop
