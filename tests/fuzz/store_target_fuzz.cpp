// Targets of stores: whatever is written, a target that is understood has a host and a port, and what is shown in its
// place is understood too, means the same server, and holds nothing of the password.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/schedule/store_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidemark::schedule::parse_store_target;
  if (size > 4096) return 0;
  const std::string url(reinterpret_cast<const char*>(data), size);
  const std::string shown = tidemark::schedule::without_password(url);
  const auto target = parse_store_target(url);
  if (!target) {
    // What is refused may be shown as well: of what stands before an @ only the user's name.
    const std::size_t at = url.rfind('@');
    if (at != std::string::npos && shown.find(url.substr(at)) == std::string::npos) std::abort();
    return 0;
  }
  if (target->host.empty() || target->port == 0) std::abort();
  if (target->host.find_first_of("@/,%") != std::string::npos) std::abort();
  auto again = parse_store_target(shown);
  if (!again) std::abort();
  if (!target->password.empty() && again->password != "***") std::abort();
  again->password = target->password;
  if (*again != *target) std::abort();
  return 0;
}
