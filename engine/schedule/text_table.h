// Many short texts for little memory: the bytes in blocks, eight bytes of bookkeeping each. An access log of a million
// distinct targets is 35 MB of it instead of 100. Reading is thread-safe, adding is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::schedule {

class TextTable {
 public:
  static constexpr std::size_t kLongest = (std::size_t{1} << 20U) - 1;

  TextTable() = default;
  TextTable(std::initializer_list<std::string_view> texts) {
    for (const auto text : texts) push_back(text);
  }

  void push_back(std::string_view text);  // at most kLongest bytes
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::string_view operator[](std::size_t index) const {
    const std::uint64_t entry = entries_[index];
    const std::uint64_t at = entry >> kLengthBits;
    return std::string_view(blocks_[at / kBlock]).substr(at % kBlock, static_cast<std::size_t>(entry & kLongest));
  }
  // Entry i becomes what entry order[i] was; the bytes stay where they are.
  void reorder(const std::vector<std::uint32_t>& order);
  std::vector<std::string> texts() const;

 private:
  static constexpr unsigned kLengthBits = 20;
  static constexpr std::uint64_t kBlock = 1U << 20U;
  std::vector<std::string> blocks_;     // each filled up to kBlock bytes at most; a text is never in two of them
  std::vector<std::uint64_t> entries_;  // block and offset in it, then the length in the lower 20 bits
};

}  // namespace tidemark::schedule
