#include "engine/schedule/text_table.h"

namespace tidemark::schedule {

void TextTable::push_back(std::string_view text) {
  text = text.substr(0, kLongest);
  if (blocks_.empty() || blocks_.back().size() + text.size() > kBlock) blocks_.emplace_back().reserve(kBlock);
  std::string& block = blocks_.back();
  const std::uint64_t at = (blocks_.size() - 1) * kBlock + block.size();
  entries_.push_back(at << kLengthBits | text.size());
  block.append(text);
}

void TextTable::reorder(const std::vector<std::uint32_t>& order) {
  std::vector<std::uint64_t> entries;
  entries.reserve(order.size());
  for (const std::uint32_t index : order) entries.push_back(entries_[index]);
  entries_ = std::move(entries);
}

std::vector<std::string> TextTable::texts() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < size(); ++i) all.emplace_back((*this)[i]);
  return all;
}

}  // namespace tidemark::schedule
