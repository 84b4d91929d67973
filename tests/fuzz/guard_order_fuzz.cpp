// What reaches the guards of a live node from outside: changes (JSON, and the words they are made of), the priority
// header, and x-forwarded-for. Whatever is accepted means the same when it is read again.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "scenarios/shop/edge_guard.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/priority.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace shop = tidemark::shop;
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);

  const auto ask = shop::parse_priority(text);
  if (ask.cohort >= 128) std::abort();
  const auto again = shop::parse_priority(shop::priority_header(ask));
  if (again.priority != ask.priority || again.cohort != ask.cohort || again.under_way != ask.under_way) std::abort();

  static const auto forwarders =
      tidemark::guard::AddressList::make({.allow = {"127.0.0.0/8", "10.0.0.0/8"}, .deny = {}}, "fuzz");
  const auto stranger = shop::client_of("198.51.100.1", text, &*forwarders);
  if (stranger != tidemark::guard::parse_address("198.51.100.1")) std::abort();  // a stranger's word counts for nothing
  shop::client_of("127.0.0.1", text, &*forwarders);
  shop::client_of(text, "203.0.113.7", &*forwarders);

  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const auto patch = shop::guard_patch(words);
  const auto change = patch ? *patch : nlohmann::json::parse(text, nullptr, false);
  if (!change.is_object()) return 0;
  nlohmann::json base = nlohmann::json::parse(R"({"limiter":{"kind":"vegas","max":500},"calls":{"timeout":"1s"}})");
  shop::merge_guard(base, change);
  nlohmann::json twice = base;
  shop::merge_guard(twice, change);
  if (twice != base) std::abort();  // the same change again changes nothing
  if (const auto config = shop::parse_guard(base, "fuzz"); config && config->limiter) {
    if (!tidemark::guard::parse_limiter(tidemark::guard::to_json(*config->limiter), "again")) std::abort();
  }
  return 0;
}
