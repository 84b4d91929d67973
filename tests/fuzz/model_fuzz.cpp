// Foreign bytes as model.json, plan.json or verification.json: refused with a place, or read and written back as the
// same bytes.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "models/capacity/plan.h"

namespace {

template <class Parse>
void check(const nlohmann::json& json, Parse parse) {
  const auto first = parse(json, "fuzz.json");
  if (!first) {
    if (!first.error().message().starts_with("fuzz.json")) std::abort();
    return;
  }
  const auto written = to_json(*first);
  const auto second = parse(nlohmann::json::parse(written.dump()), "fuzz.json");
  if (!second || to_json(*second).dump() != written.dump()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::capacity;
  if (size > 65536) return 0;
  const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
  if (json.is_discarded()) return 0;
  check(json, parse_model);
  check(json, parse_plan);
  check(json, parse_verification);
  return 0;
}
