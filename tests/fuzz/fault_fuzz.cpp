// The words of faults and gates, and the orders that carry them: whatever is accepted reads back as the same.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "engine/net/gate_rules.h"
#include "scenarios/shop/fault.h"

namespace {

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto order = tidemark::shop::parse_fault_order(text);
  if (order) {
    const auto again = tidemark::shop::parse_fault_order(tidemark::shop::to_text(*order));
    if (!again || again->lasts != order->lasts) std::abort();
  }
  const std::vector<std::string> words = order ? order->words : split(text);
  if (const auto fault = tidemark::shop::parse_fault(words)) {
    const auto again = tidemark::shop::parse_fault(split(tidemark::shop::to_words(*fault)));
    if (!again || !(*again == *fault)) std::abort();
  }
  if (const auto rules = tidemark::net::parse_gate_rules(words)) {
    const auto again = tidemark::net::parse_gate_rules(split(tidemark::net::to_words(*rules)));
    if (!again || !(*again == *rules)) std::abort();
    if (rules->slice_min > rules->slice_max || rules->reset > 1) std::abort();
  }
  return 0;
}
