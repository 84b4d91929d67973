// Foreign bytes as an access log, and as the CSV of a shape.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/schedule/access_log.h"
#include "engine/schedule/time_series.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::schedule;
  if (size > 65536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto replay = parse_access_log(text, "fuzz.log", 1)) {
    if (replay->arrivals.size() != replay->targets.size()) std::abort();
    for (std::size_t i = 0; i < replay->arrivals.size(); ++i) {
      if (i > 0 && replay->arrivals[i].offset < replay->arrivals[i - 1].offset) std::abort();
      if (replay->arrivals[i].flow >= replay->scenario.flows.size()) std::abort();
      for (const char c : replay->targets[i]) {
        if (c <= ' ' || c == 0x7f) std::abort();  // nothing that could break a request line
      }
    }
  }
  if (const auto series = parse_time_series(text, "fuzz.csv")) {
    Shape shape;
    shape.duration = std::chrono::seconds(10);
    shape.mean = tidemark::Rate::per_second(100);
    const auto bins = fit_shape(*series, shape);
    for (std::size_t i = 0; bins && i < bins->size(); ++i) {
      const ShapeBin& bin = (*bins)[i];
      if (bin.end < bin.start || bin.end > shape.duration || !(bin.expected >= 0)) std::abort();
      if (i > 0 && bin.start != (*bins)[i - 1].end) std::abort();
    }
  }
  return 0;
}
