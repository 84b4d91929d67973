// Which member of a consumer group reads which partitions: those that polled lately, sorted by name, share the
// partitions evenly. A member that falls silent loses its share after kSession. `now` is an argument. Not thread-safe:
// one owner.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>

#include "engine/core/units.h"

namespace tidemark::shop {

class EventGroups {
 public:
  static constexpr std::chrono::seconds kSession{5};

  // `member` is alive. True when the group's shares have changed.
  bool seen(const std::string& group, const std::string& member, Instant now) {
    auto& members = groups_[group];
    const std::size_t gone = std::erase_if(members, [&](const auto& each) { return now - each.second > kSession; });
    const bool joined = members.insert_or_assign(member, now).second;
    return joined || gone > 0;
  }

  bool owns(const std::string& group, const std::string& member, std::uint32_t partition) const {
    const auto members = groups_.find(group);
    if (members == groups_.end() || members->second.empty()) return false;
    const auto turn = static_cast<std::ptrdiff_t>(partition % members->second.size());
    return std::next(members->second.begin(), turn)->first == member;
  }

 private:
  std::map<std::string, std::map<std::string, Instant>> groups_;  // group -> member -> last seen
};

}  // namespace tidemark::shop
