// Draws of service times, fast: a tabulated inverse of the distribution function. The table is even within each halving
// of the distance to either end (128 points an octave, 20 octaves), straight in between, and exact beyond: quantiles
// are off by less than 1e-4 of the mean and the mean by less than 1e-5 (tests/unit/twin/service_time_test.cpp). IEEE
// + - * / alone, so equal seeds give equal nanoseconds everywhere. Not thread-safe: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/random.h"
#include "models/twin/system.h"

namespace tidemark::twin {

// One component: lognormal, exponential, constant or empirical.
class QuantileTable {
 public:
  explicit QuantileTable(const ServiceTime& time);  // of a mixture: its first part
  // x with P(T <= x) = u in nanoseconds, 0 < u < 1, from the table.
  double at(double u) const;
  // The same without the table. `upper`: 1 - u is given.
  double exact_ns(double tail, bool upper) const;

 private:
  static constexpr int kOctaves = 20, kPointBits = 7;
  static constexpr std::size_t kPoints = std::size_t{kOctaves} << kPointBits;

  ServiceTime time_;
  double mu_ = 0, sigma_ = 0;               // of the logarithm of seconds
  std::vector<Histogram::Bucket> buckets_;  // empirical
  std::vector<std::uint64_t> cumulative_;
  // Of tails from 2^-21 to 1/2: [0] lower, [1] upper. Empty for a constant.
  std::array<std::vector<double>, 2> values_;
};

class ServiceTimes {
 public:
  ServiceTimes(const ServiceTime& time, std::uint64_t seed, std::string_view stream);
  // Nanoseconds, >= 0.
  std::int64_t draw() {
    if (at_ == kBatch) refill();
    return drawn_[at_++];
  }

 private:
  static constexpr std::size_t kBatch = 256;
  void refill();

  Random random_;
  std::vector<QuantileTable> parts_;
  std::vector<double> cumulative_;  // weights of the parts, ending with 1
  std::array<std::int64_t, kBatch> drawn_{};
  std::size_t at_ = kBatch;
};

// Raw bits in batches, for choices that are made several times an event.
class Bits {
 public:
  Bits(std::uint64_t seed, std::string_view stream) : random_(seed, stream) {}
  std::uint64_t next() {
    if (at_ == kBatch) refill();
    return drawn_[at_++];
  }
  // [0, bound): off by less than bound / 2^32 of its probability.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(next() >> 32)} * bound) >> 32);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // True with probability chance / 2^32.
  bool happens(std::uint32_t chance) { return static_cast<std::uint32_t>(next() >> 32) < chance; }

 private:
  static constexpr std::size_t kBatch = 256;
  void refill();

  Random random_;
  std::array<std::uint64_t, kBatch> drawn_{};
  std::size_t at_ = kBatch;
};

}  // namespace tidemark::twin
