// Feeders: files of rows that flows take their data from. The scenario declares them (Feeder), FeederTable is one
// loaded: once, before the clock starts, bounded in memory. Which row a flow gets is a function of the seed and a
// number, so that agents that never speak to each other agree. Constant after load: thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::schedule {

struct Feeder {
  enum class Order {
    sequential,  // row = number
    random,      // each drawn from all rows
    shuffled,    // a permutation of the rows, then another
    unique,      // row = number, never twice
  };
  enum class OnEnd { stop, repeat };

  std::string name{};
  std::filesystem::path file{};
  Order order = Order::sequential;
  OnEnd on_end = OnEnd::repeat;  // unique: always stop; random: never ends
};

class FeederTable {
 public:
  struct Limits {
    std::size_t bytes = std::size_t{128} << 20U;
    std::size_t rows = 5'000'000;
    std::size_t columns = 1000;
  };

  // A .json file is a list of objects (or one object a line), all of the same keys; anything else is CSV after RFC
  // 4180 with a header line. Errors: code usage, place "FILE:LINE".
  static Result<FeederTable> load(const Feeder& feeder, const Limits& limits);
  static Result<FeederTable> load(const Feeder& feeder) { return load(feeder, Limits{}); }
  static Result<FeederTable> parse_csv(std::string_view text, const std::string& name, const Limits& limits);
  static Result<FeederTable> parse_json(std::string_view text, const std::string& name, const Limits& limits);

  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<std::size_t> column(std::string_view name) const;
  std::size_t rows() const { return rows_; }  // at least 1
  std::string_view value(std::size_t row, std::size_t column) const;
  std::size_t memory_bytes() const { return text_.capacity() + ends_.capacity() * sizeof(ends_[0]); }

  // The row for `number`: the number of the flow in the run (FlowSlot::number); with `unique` in a closed model, that
  // of the virtual user, who keeps its row. nullopt: the feeder has come to its end and says `stop`. Then no further
  // flow starts, and the run ends as if its schedule had.
  std::optional<std::size_t> row_for(const Feeder& feeder, std::uint64_t seed, std::uint64_t number) const;

 private:
  std::vector<std::string> columns_;
  std::string text_;                 // all values, one after the other, row by row
  std::vector<std::uint32_t> ends_;  // where each value ends in text_
  std::size_t rows_ = 0;
};

}  // namespace tidemark::schedule
