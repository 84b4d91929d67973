// A pool shared by groups of calls, so that one of them cannot sink the others (M. Nygard, Release It!, 2007): each
// group owns a share that is always free for it, and what nobody owns, and nothing else, is lent to whoever comes, up
// to the group's `most`. With order and payment owning half and browse at most half, a flood of browsing never takes
// the last slot of an order. A decision over counts: no clock. One owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::guard {

struct BulkheadGroup {
  std::string name;    // a priority (core, normal, browse, shadow), a flow or a service: the caller's own word
  double share = 0.1;  // of the slots, owned; all shares together at most 1
  double most = 1;     // of the slots, at most; >= share

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.text("name", self.name);
    fields.number("share", self.share, 0, 1);
    fields.number("most", self.most, 0, 1);
  }
};

struct BulkheadSettings {
  std::uint32_t slots = 64;
  std::vector<BulkheadGroup> groups = {{"core", 0.5, 1}, {"normal", 0.1, 1}, {"browse", 0.1, 0.5}, {"shadow", 0, 0.2}};

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("slots", self.slots, 1, 1'000'000);
    fields.list("groups", self.groups, 64, [](auto& in, auto& group) { BulkheadGroup::fields(in, group); });
  }
};

class Bulkhead {
 public:
  // Shares are rounded down, so that they never own more than there is; a share above 0 owns at least one slot while
  // there are that many.
  explicit Bulkhead(const BulkheadSettings& settings);

  // The number of a group; of the rest, which owns nothing and may borrow all, for a name that is none.
  std::size_t group(std::string_view name) const;
  bool enter(std::size_t group);
  void leave(std::size_t group);

  std::size_t groups() const { return groups_.size(); }  // the rest included, last
  std::uint32_t in_use(std::size_t group) const { return groups_[group].in_use; }
  std::uint64_t refused(std::size_t group) const { return groups_[group].refused; }
  std::uint32_t slots() const { return slots_; }

 private:
  struct Group {
    std::string name;
    std::uint32_t owned, most;
    std::uint32_t in_use = 0;
    std::uint64_t refused = 0;
  };
  std::uint32_t slots_;
  std::vector<Group> groups_;
  std::uint32_t to_lend_;  // slots that nobody owns
  std::uint32_t lent_ = 0;
};

}  // namespace tidemark::guard
