#include "scenarios/shop/priority.h"

#include <array>
#include <charconv>

namespace tidemark::shop {
namespace {

constexpr std::array<std::string_view, guard::kPriorities> kNames{"core", "normal", "browse", "shadow"};
constexpr std::uint64_t kCohorts = 128;
constexpr std::string_view kAgain = ";again";
constexpr std::size_t kUserBytes = 64;  // of a user's name; what follows does not count

// FNV-1a, then folded: stable over builds and machines.
std::uint8_t cohort_of(std::string_view user) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : user) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::uint8_t>((hash ^ (hash >> 32)) % kCohorts);
}

// The number behind "user": in a JSON body, found without parsing the rest. "" when there is none.
std::string_view user_in(std::string_view body) {
  constexpr std::string_view kKey = "\"user\"";
  std::size_t at = body.find(kKey);
  if (at == std::string_view::npos) return {};
  at = body.find_first_not_of(" \t\r\n:", at + kKey.size());
  if (at == std::string_view::npos) return {};
  std::size_t end = at;
  while (end < body.size() && end - at < kUserBytes && body[end] >= '0' && body[end] <= '9') ++end;
  return body.substr(at, end - at);
}

}  // namespace

std::string_view name_of(guard::Priority priority) {
  return kNames[static_cast<std::size_t>(priority)];
}

std::string priority_header(guard::Ask ask) {
  return std::string(name_of(ask.priority)) + ';' + std::to_string(ask.cohort) +
         (ask.under_way ? std::string(kAgain) : std::string());
}

guard::Ask parse_priority(std::string_view header) {
  guard::Ask ask;
  if (header.ends_with(kAgain)) {
    ask.under_way = true;
    header.remove_suffix(kAgain.size());
  }
  const std::size_t semicolon = header.find(';');
  if (semicolon == std::string_view::npos) return {};
  const std::string_view name = header.substr(0, semicolon), number = header.substr(semicolon + 1);
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), ask.cohort);
  if (error != std::errc{} || stop != number.data() + number.size() || ask.cohort >= kCohorts) return {};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    ask.priority = static_cast<guard::Priority>(i);
    return ask;
  }
  return {};
}

guard::Priority priority_of_operation(std::string_view operation) {
  for (const std::string_view core : {"buy", "create", "charge", "reserve", "release"}) {
    if (operation == core) return guard::Priority::core;
  }
  return operation == "browse" ? guard::Priority::browse : guard::Priority::normal;
}

guard::Ask ask_at_edge(const net::Request& request, std::string_view operation, const TraceContext& trace) {
  guard::Ask ask{.priority = priority_of_operation(operation)};
  const std::string* named = request.headers.find("x-user");
  std::string_view user = named == nullptr ? user_in(request.body) : std::string_view(*named).substr(0, kUserBytes);
  const std::string stand_in = user.empty() ? trace.trace_id() : std::string();
  ask.cohort = cohort_of(user.empty() ? std::string_view(stand_in) : user);
  return ask;
}

}  // namespace tidemark::shop
