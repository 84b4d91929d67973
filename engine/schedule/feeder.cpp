#include "engine/schedule/feeder.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "engine/core/random.h"
#include "engine/schedule/feeder_rows.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

// A permutation of [0, size) that needs no memory: a Feistel network over the next even number of bits, walked along
// its cycle until it comes back into the range (Black, Rogaway 2002, "Ciphers with arbitrary finite domains").
std::uint64_t permuted(std::uint64_t index, std::uint64_t size, std::uint64_t key) {
  unsigned half = 1;
  while ((std::uint64_t{1} << (2 * half)) < size) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  const auto mixed = [](std::uint64_t value) {  // SplitMix64's finaliser (Steele, Lea, Flood 2014)
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
  };
  do {
    std::uint64_t left = index >> half;
    std::uint64_t right = index & mask;
    for (std::uint64_t round = 1; round <= 6; ++round) {
      const std::uint64_t next = left ^ (mixed(key + round * 0x9e3779b97f4a7c15U + right) & mask);
      left = right;
      right = next;
    }
    index = (left << half) | right;
  } while (index >= size);
  return index;
}

}  // namespace

Result<FeederTable> FeederTable::load(const Feeder& feeder, const Limits& limits) {
  const std::string name = feeder.file.string();
  std::error_code ignored;
  std::ifstream input;
  if (std::filesystem::is_regular_file(feeder.file, ignored)) input.open(feeder.file, std::ios::binary);
  if (!input.is_open()) {
    return fail(ExitCode::usage, name, fmt::format("feeder '{}' cannot be read", feeder.name),
                "name a CSV or JSON file, relative to the scenario");
  }
  const auto size = std::filesystem::file_size(feeder.file, ignored);
  if (ignored || size > limits.bytes) {
    return fail(ExitCode::usage, name, fmt::format("larger than {} bytes", limits.bytes), "split it");
  }
  std::string text(size, '\0');
  input.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(input.gcount()));
  return feeder.file.extension() == ".json" ? parse_json(text, name, limits) : parse_csv(text, name, limits);
}

std::optional<std::size_t> FeederTable::column(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::string_view FeederTable::value(std::size_t row, std::size_t column) const {
  const std::size_t index = row * columns_.size() + column;
  const std::size_t from = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(from, ends_[index] - from);
}

std::optional<std::size_t> FeederTable::row_for(const Feeder& feeder, std::uint64_t seed, std::uint64_t number) const {
  const std::uint64_t pass = number / rows_;
  // Of the seed alone: what is added to it then makes streams that no other seed has.
  const std::uint64_t key = Random(seed, "feeder/" + feeder.name).next();
  if (feeder.order == Feeder::Order::random) return Random(key + number, "row").below(rows_);
  if (pass > 0 && (feeder.on_end == Feeder::OnEnd::stop || feeder.order == Feeder::Order::unique)) return std::nullopt;
  if (feeder.order == Feeder::Order::shuffled)
    return permuted(number % rows_, rows_, Random(key + pass, "pass").next());
  return number % rows_;
}

}  // namespace tidemark::schedule
