// Foreign bytes as lines of prefixes, as a list to look them up in, and as JSON of a guard block.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/guard/address_list.h"
#include "engine/guard/guard_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::guard;
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  AddressListSettings good;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line(text.substr(at, end - at));
    if (const auto prefix = parse_prefix(line, "fuzz")) {
      const auto again = parse_prefix(to_string(*prefix), "fuzz");
      if (!again || again->length != prefix->length || !(again->address == prefix->address)) std::abort();
      good.deny.push_back(line);
    }
    at = end + 1;
  }
  const auto list = AddressList::make(good, "fuzz");
  if (!list || list->size() > good.deny.size()) std::abort();
  for (const std::string& line : good.deny) {
    if (list->look_up(parse_prefix(line, "")->address) != AddressList::Verdict::denied) std::abort();
  }
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return 0;
  if (const auto guard = parse_guard(json, "fuzz")) {
    const nlohmann::json whole = to_json(*guard);
    const auto again = parse_guard(whole, "fuzz");
    if (!again || to_json(*again) != whole) std::abort();
  }
  return 0;
}
