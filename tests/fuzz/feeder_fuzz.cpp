// Foreign bytes as a feeder's file: a located problem, or a table whose every value can be read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/schedule/feeder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::schedule;
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const FeederTable::Limits limits{.rows = 100, .columns = 10};
  for (const auto& table : {FeederTable::parse_csv(text, "f", limits), FeederTable::parse_json(text, "f", limits)}) {
    if (!table) {
      if (!table.error().message().starts_with("f:")) std::abort();
      continue;
    }
    if (table->rows() == 0 || table->rows() > limits.rows) std::abort();
    std::size_t bytes = 0;
    for (std::size_t row = 0; row < table->rows(); ++row) {
      for (std::size_t column = 0; column < table->columns().size(); ++column)
        bytes += table->value(row, column).size();
    }
    if (bytes > 32 * size + 64) std::abort();  // 1e15 is written out
    const Feeder feeder{.name = "f", .order = Feeder::Order::shuffled};
    if (table->row_for(feeder, 1, size).value() >= table->rows()) std::abort();
  }
  return 0;
}
