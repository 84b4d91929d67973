// Foreign bytes as the settings of a limiter: refused with a place, or read, made into a limiter that answers, and
// written back as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/guard/limiter_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark;
  if (size > 4096) return 0;
  const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
  if (json.is_discarded()) return 0;
  const auto settings = guard::parse_limiter(json, "fuzz.json");
  if (!settings) {
    if (!settings.error().message().starts_with("fuzz.json")) std::abort();
    return 0;
  }
  const auto written = guard::to_json(*settings);
  const auto again = guard::parse_limiter(nlohmann::json::parse(written.dump()), "fuzz.json");
  if (!again || guard::to_json(*again).dump() != written.dump()) std::abort();
  const auto limiter = guard::make_limiter(*settings, 1);
  Instant now(std::chrono::hours(1));
  for (int i = 0; i < 50; ++i) {
    now += std::chrono::milliseconds(7);
    const guard::Ask ask{.priority = static_cast<guard::Priority>(i % 4), .cohort = static_cast<std::uint8_t>(i)};
    if (limiter->admit(now, ask).verdict == guard::Admission::Verdict::refused) continue;
    if (i % 5 == 4) {
      limiter->abandoned(now);
      continue;
    }
    limiter->started(now, std::chrono::milliseconds(i % 3));
    if (i % 7 != 6) limiter->finished(now, {.latency = std::chrono::milliseconds(i), .dropped = i % 3 == 0});
  }
  if (!(limiter->limit() >= 0)) std::abort();
  return 0;
}
