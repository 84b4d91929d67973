#include "engine/guard/bulkhead.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tidemark::guard {

Bulkhead::Bulkhead(const BulkheadSettings& settings) : slots_(std::max(settings.slots, 1U)), to_lend_(slots_) {
  const auto part = [&](double share) { return static_cast<std::uint32_t>(std::floor(share * slots_ + 1e-9)); };
  for (const BulkheadGroup& group : settings.groups) {
    const std::uint32_t owned = std::min(std::max(part(group.share), group.share > 0 ? 1U : 0U), to_lend_);
    to_lend_ -= owned;
    groups_.push_back({.name = group.name, .owned = owned, .most = std::max({part(group.most), owned, 1U})});
  }
  groups_.push_back({.name = "", .owned = 0, .most = slots_});
}

std::size_t Bulkhead::group(std::string_view name) const {
  const auto found = std::ranges::find(groups_, name, &Group::name);
  return found == groups_.end() ? groups_.size() - 1 : static_cast<std::size_t>(found - groups_.begin());
}

bool Bulkhead::enter(std::size_t index) {
  Group& group = groups_[index];
  const bool borrows = group.in_use >= group.owned;
  if (group.in_use >= group.most || (borrows && lent_ >= to_lend_)) {
    ++group.refused;
    return false;
  }
  ++group.in_use;
  lent_ += borrows ? 1 : 0;
  return true;
}

void Bulkhead::leave(std::size_t index) {
  Group& group = groups_[index];
  assert(group.in_use > 0);
  // What is borrowed goes back first.
  lent_ -= group.in_use > group.owned ? 1 : 0;
  --group.in_use;
}

}  // namespace tidemark::guard
