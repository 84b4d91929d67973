// Histogram::decode takes any text; what it accepts survives its own encoding, and no answer reaches outside its range.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/core/base64.h"
#include "engine/core/histogram.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void decode(std::string_view text) {
  const auto histogram = tidemark::Histogram::decode(text);
  if (!histogram) return;
  const auto again = tidemark::Histogram::decode(histogram->encode());
  require(again && *again == *histogram);
  require(histogram->quantile(0) <= histogram->quantile(0.5) && histogram->quantile(0.5) <= histogram->quantile(1));
  require(histogram->min() >= 0 && histogram->min() <= histogram->max());
  std::uint64_t counted = 0;
  for (const auto& bucket : histogram->buckets()) {
    require(bucket.low >= 0 && bucket.low <= bucket.high);
    counted += bucket.count;
  }
  require(counted == histogram->total());
  require(histogram->count_at_or_below(histogram->max()) == histogram->total());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decode(bytes);
  decode(tidemark::base64_encode(bytes));  // past the alphabet, to the envelope
  return 0;
}
