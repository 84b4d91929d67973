// Foreign bytes as a threshold: a located problem, or a condition that says the same when its text is read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/schedule/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidemark::schedule::parse_threshold;
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto threshold = parse_threshold(text);
  if (!threshold) {
    if (!threshold.error().what.starts_with("column ")) std::abort();
    return 0;
  }
  if (!(threshold->limit >= 0) || threshold->for_intervals < 1 || text.find(threshold->expression) != 0) std::abort();
  const auto again = parse_threshold(threshold->expression);
  if (!again || again->abort || again->expression != threshold->expression || again->metric != threshold->metric) {
    std::abort();
  }
  const bool same = again->limit == threshold->limit && again->over == threshold->over &&
                    again->after == threshold->after && again->below == threshold->below &&
                    again->statistic == threshold->statistic && again->step == threshold->step &&
                    again->flow == threshold->flow && again->group == threshold->group &&
                    again->kind == threshold->kind && again->node == threshold->node;
  if (!same) std::abort();
  return 0;
}
